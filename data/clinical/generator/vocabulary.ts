/** The terms that the generated histories draw from: a code and its display. */
export type Term = readonly [code: string, display: string];

export const encounterTypes = [
  ["185349003", "Encounter for check up (procedure)"],
  ["162673000", "General examination of patient (procedure)"],
  ["185345009", "Encounter for symptom"],
  ["390906007", "Follow-up encounter"],
  ["50849002", "Emergency room admission (procedure)"],
  ["185347001", "Encounter for problem"],
] as const;

/** What comes and goes. */
export const diseases = [
  ["444814009", "Viral sinusitis (disorder)"],
  ["195662009", "Acute viral pharyngitis (disorder)"],
  ["10509002", "Acute bronchitis (disorder)"],
  ["75498004", "Acute bacterial sinusitis (disorder)"],
] as const;

/** What comes and stays. */
export const chronic = [
  ["59621000", "Hypertension"],
  ["44054006", "Diabetes"],
  ["271737000", "Anemia (disorder)"],
  ["53741008", "Coronary Heart Disease"],
  ["162864005", "Body mass index 30+ - obesity (finding)"],
] as const;

/** Findings about a life that FHIR keeps among the diseases; they never abate. */
export const social = [
  ["160903007", "Full-time employment (finding)"],
  ["160904001", "Part-time employment (finding)"],
  ["73595000", "Stress (finding)"],
  ["423315002", "Limited social contact (finding)"],
  ["224299000", "Received higher education (finding)"],
] as const;

export const drugs = [
  ["314076", "lisinopril 10 MG Oral Tablet"],
  ["860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"],
  ["308136", "amLODIPine 2.5 MG Oral Tablet"],
  ["212033", "aspirin 325 MG Oral Tablet"],
  ["313782", "Acetaminophen 325 MG Oral Tablet"],
  ["259255", "Atorvastatin 80 MG Oral Tablet"],
] as const;

export const procedures = [
  ["430193006", "Medication Reconciliation (procedure)"],
  ["710824005", "Assessment of health and social care needs (procedure)"],
  ["73761001", "Colonoscopy"],
  ["171207006", "Depression screening (procedure)"],
] as const;

export type Measure = readonly [code: string, display: string, unit: string, low: number, high: number];

export const vitals = [
  ["8302-2", "Body Height", "cm", 90, 195],
  ["29463-7", "Body Weight", "kg", 12, 120],
  ["39156-5", "Body Mass Index", "kg/m2", 14, 38],
  ["8867-4", "Heart rate", "/min", 55, 105],
  ["9279-1", "Respiratory rate", "/min", 12, 18],
  ["8310-5", "Body temperature", "Cel", 36, 39],
  ["2708-6", "Oxygen saturation in Arterial blood", "%", 92, 100],
] as const;

export const labs = [
  ["2339-0", "Glucose", "mg/dL", 65, 180],
  ["6299-2", "Urea Nitrogen", "mg/dL", 7, 20],
  ["38483-4", "Creatinine", "mg/dL", 0.6, 3],
  ["49765-1", "Calcium", "mg/dL", 8.5, 10.2],
  ["2947-0", "Sodium", "mmol/L", 136, 144],
  ["6298-4", "Potassium", "mmol/L", 3.7, 5.2],
  ["2069-3", "Chloride", "mmol/L", 101, 111],
  ["20565-8", "Carbon Dioxide", "mmol/L", 20, 29],
  ["4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 4, 9],
  ["2093-3", "Total Cholesterol", "mg/dL", 150, 260],
  ["2571-8", "Triglycerides", "mg/dL", 100, 200],
  ["18262-6", "Low Density Lipoprotein Cholesterol", "mg/dL", 60, 160],
  ["2085-9", "High Density Lipoprotein Cholesterol", "mg/dL", 40, 80],
] as const;

export const variantSentences = [
  "The MTHFR gene exhibits a variant at index 677; common, slightly raised risk of vascular disease; not pathogenic in most carriers, no clinically significant finding",
  "The APOE gene exhibits variant rs429358; likely pathogenic, raised risk of late-onset dementia",
  "The BRCA2 gene exhibits variant rs80359550; pathogenic, raised risk of breast cancer; family history advised",
  "The LDLR gene exhibits no pathogenic variants at the indices examined",
] as const;

export const modalities = [
  ["MR", "Magnetic Resonance", "12738006", "Brain structure (body structure)"],
  ["US", "Ultrasound", "261179002", "thoracic"],
  ["CR", "Computed Radiography", "51185008", "Thoracic structure (body structure)"],
  ["DX", "Digital Radiography", "72696002", "Knee region structure (body structure)"],
] as const;
