import { DamageError, DataError, NotFoundError } from "../errors.ts";

/** A table's log has no version with this number or at this time. */
export class VersionNotFoundError extends NotFoundError {
  override readonly name: string = "VersionNotFoundError";
}

export class TableNotFoundError extends NotFoundError {
  override readonly name: string = "TableNotFoundError";
}

/** A commit or a checkpoint does not say what the protocol asks; guessing could return wrong rows. */
export class CorruptLogError extends DamageError {
  override readonly name: string = "CorruptLogError";
}

/** A commit between the start of the replay and the version asked for is missing. */
export class LogGapError extends DamageError {
  override readonly name: string = "LogGapError";
}

/** The table asks its readers or writers for something that Millrace does not do. */
export class UnsupportedFeatureError extends DataError {
  override readonly name: string = "UnsupportedFeatureError";
}

/** A deletion vector that is cut short, has a wrong checksum or is not of the known layout. */
export class CorruptDeletionVectorError extends DamageError {
  override readonly name: string = "CorruptDeletionVectorError";
}

/** Files that readers and writers at work may need would go, and nobody said that there are none. */
export class RetentionError extends DataError {
  override readonly name: string = "RetentionError";
}
