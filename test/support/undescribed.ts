interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What can be sent to an API and of which its document does not say what it is for. */
export function undescribed(document: unknown): string[] {
  const { paths, components } = document as Document;
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { parameters = [], requestBody }]) => {
      const named = parameters.filter(({ description, schema }) => !(description ?? schema?.description));
      const bodies = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
        fieldsWithout(schema, components.schemas),
      );
      return [...named.map(({ name }) => name), ...bodies].map((name) => `${method} ${path}: ${name}`);
    }),
  );
}

function fieldsWithout(schema: Schema, known: Document["components"]["schemas"]): string[] {
  const { $ref, properties = {}, items, anyOf = [], oneOf = [], allOf = [] } = schema;
  const target = $ref && known[$ref.slice($ref.lastIndexOf("/") + 1)];
  const inside = [...(target ? [target] : []), ...(items ? [items] : []), ...anyOf, ...oneOf, ...allOf];
  return [
    ...Object.entries(properties).flatMap(([name, field]) => [
      ...(field.description || "const" in field ? [] : [name]),
      ...fieldsWithout(field, known).map((inner) => `${name}.${inner}`),
    ]),
    ...inside.flatMap((part) => fieldsWithout(part, known)),
  ];
}
