import { ChatError } from '../outcome/chat-error.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type {
  Checked,
  StandardJSONSchemaV1,
  StandardResult,
  StandardSchemaV1,
} from '../schema/standard.ts';
import { readResult } from '../schema/standard.ts';

/** A Standard Schema with the JSON Schema of its input, for libraries whose schemas do not provide one themselves. */
export interface SchemaPair<Output = unknown> {
  /** Checks the answer. */
  readonly schema: StandardSchemaV1<Output>;
  /** The JSON Schema of the input, as a converter of the library makes it. */
  readonly jsonSchema: object;
  /** The name of the answer that the vendor sees: 1 to 64 characters of `a-z A-Z 0-9 _ -`. @default 'response' */
  readonly name?: string | undefined;
  /** Describes the answer to the model. */
  readonly description?: string | undefined;
}

/** A schema for a typed answer: one that provides its JSON Schema, or a {@link SchemaPair}. */
export type OutputSchema<Output = unknown> = StandardJSONSchemaV1<Output> | SchemaPair<Output>;

/** The type of the values that a schema returns. */
export type InferOutput<Schema> = Schema extends {
  readonly '~standard': { readonly types?: (infer Types) | undefined };
}
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : Schema extends { readonly schema: infer Inner }
    ? InferOutput<Inner>
    : never;

/** The type of the values that a schema accepts; its output where the type of the input is unknown. */
export type InferInput<Schema> = Schema extends {
  readonly '~standard': { readonly types?: (infer Types) | undefined };
}
  ? NonNullable<Types> extends { readonly input: infer Input; readonly output: infer Output }
    ? unknown extends Input
      ? Output
      : Input
    : unknown
  : Schema extends { readonly schema: infer Inner }
    ? InferInput<Inner>
    : never;

/** A user's schema in the one form that this folder works with. */
export interface ReadSchema {
  jsonSchema: Record<string, unknown>;
  name: string;
  description: string | undefined;
  /** Schemas may be asynchronous. */
  validate(value: unknown): Promise<Checked>;
}

/** Whether a value is meant as a schema, rather than as the wire's own form of one. */
export function isOutputSchema(value: unknown): value is OutputSchema {
  return isSchema(value) || (isRecord(value) && 'schema' in value && isSchema(value.schema));
}

/**
 * Reads a schema of any library.
 *
 * @param path where the caller wrote it, for the error
 * @throws ChatError `invalid_request` if it is not a schema, provides no JSON Schema, or does not describe a JSON object
 */
export function readSchema(given: unknown, path: string): ReadSchema {
  const refuse = (message: string) => invalidRequest([{ path, message }]);
  const pair = isSchema(given) ? { schema: given, jsonSchema: undefined } : given;
  if (!isRecord(pair) || !isSchema(pair.schema)) {
    throw refuse('is not a Standard Schema, such as zod, ArkType and Valibot make');
  }
  const {
    schema,
    jsonSchema = convert(pair.schema, path),
    name,
    description,
  } = pair as unknown as SchemaPair;
  if (!isRecord(jsonSchema)) throw refuse('has a `jsonSchema` that is not an object');
  // A library's own mark: vendors document none, and some refuse keywords they do not know.
  const { $schema: _dialect, ...own } = jsonSchema;
  if (own.type !== undefined && own.type !== 'object') {
    throw refuse('must describe a JSON object: wrap it in one, e.g. z.object({ items: … })');
  }
  return {
    jsonSchema: own,
    name: name ?? 'response',
    description: description ?? (typeof own.description === 'string' ? own.description : undefined),
    validate: (value) => validate(schema, value),
  };
}

/** @throws ChatError `invalid_output` if the schema itself fails: a transform, or what it asks elsewhere */
async function validate(schema: StandardSchemaV1, value: unknown): Promise<Checked> {
  try {
    const result: unknown = await schema['~standard'].validate(value);
    if (!isResult(result)) throw new TypeError('validate() returned neither a value nor issues');
    return readResult(result);
  } catch (cause) {
    throw new ChatError('invalid_output', 'The schema failed while validating a value', { cause });
  }
}

/** ArkType's failures are lists that have issues. */
function isResult(result: unknown): result is StandardResult<unknown> {
  if (typeof result !== 'object' || result === null) return false;
  return 'value' in result || ('issues' in result && Array.isArray(result.issues));
}

// ArkType takes a type that JSON does not have for one that may be anything; the others refuse it, or ignore this.
const refuseType = (): never => {
  throw new Error('it contains a type that JSON does not have');
};
const libraryOptions = { fallback: { domain: refuseType, proto: refuseType, date: refuseType } };

function convert(schema: StandardSchemaV1, path: string): Record<string, unknown> {
  const { jsonSchema } = (schema as Partial<StandardJSONSchemaV1> & StandardSchemaV1)[
    '~standard'
  ] as Partial<StandardJSONSchemaV1['~standard']>;
  if (typeof jsonSchema?.input !== 'function') {
    const message =
      "provides no JSON Schema; pass { schema, jsonSchema } with the output of its library's converter";
    throw invalidRequest([{ path, message }]);
  }
  try {
    // The model has to write the input of the schema, not the output of its transforms.
    return jsonSchema.input({ target: 'draft-2020-12', libraryOptions });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be converted';
    throw invalidRequest([{ path, message: `has no JSON Schema: ${why}` }]);
  }
}

function isSchema(value: unknown): value is StandardSchemaV1 {
  return (
    // ArkType's schemas are functions.
    (isRecord(value) || typeof value === 'function') &&
    typeof (value as Partial<StandardSchemaV1>)['~standard']?.validate === 'function'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
