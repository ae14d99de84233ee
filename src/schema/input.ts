// What callers write, described as data. A judge made of it costs a tenth of a millisecond to build and needs no schema
// library; the schemas that are offered to the outside are made of the same data. `shape.ts` is the same for what vendors
// send, of which much may be left out or be anything.

/** A range, with both ends. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The length or the pattern of a string; `otherwise` is the message if it does not match. */
export type TextRule =
  | { readonly least: number; readonly most?: number }
  | { readonly pattern: RegExp; readonly otherwise: string };

/** A list of some size; `otherwise` is the message if it is too short. */
export interface ListInput {
  readonly list: Input;
  readonly least?: number;
  readonly most?: number;
  readonly otherwise?: string;
}

export type FieldInputs = Readonly<Record<string, Input>>;

/** `record`: fields that are not listed are left out without a word. `strict`: they are refused. */
export type RecordInput =
  | { readonly record: FieldInputs }
  | {
      readonly strict: FieldInputs;
      /** Two fields of which only one may be given. */
      readonly apart?: readonly [string, string];
    };

/**
 * The form of a value that is given to us. A word with `?` may be `null` or absent, as what is in `maybe`; what is in
 * `optional` may be absent only.
 */
export type Input =
  | 'string'
  | 'string?'
  | 'number'
  | 'number?'
  | 'boolean'
  | 'boolean?'
  | 'unknown'
  | { readonly text: TextRule }
  | { readonly number: Range }
  | { readonly integer: Range }
  | { readonly oneOf: readonly (string | number)[] }
  | ListInput
  | RecordInput
  /** A plain object of any names. */
  | { readonly map: Input }
  /** The first that fits. */
  | { readonly either: readonly Input[] }
  /** Records that are told apart by a field, in each of which it is a `oneOf`. */
  | { readonly by: string; readonly of: readonly RecordInput[] }
  | { readonly maybe: Input }
  | { readonly optional: Input };

interface Words {
  string: string;
  'string?': string | null | undefined;
  number: number;
  'number?': number | null | undefined;
  boolean: boolean;
  'boolean?': boolean | null | undefined;
  unknown: unknown;
}

/** The type of what an {@link Input} lets through. */
export type InputValue<I> = I extends keyof Words
  ? Words[I]
  : I extends { text: unknown }
    ? string
    : I extends { number: unknown } | { integer: unknown }
      ? number
      : I extends { oneOf: readonly (infer Word)[] }
        ? Word
        : I extends { list: infer Item }
          ? InputValue<Item>[]
          : I extends { map: infer Item }
            ? Record<string, InputValue<Item>>
            : I extends { record: infer Fields } | { strict: infer Fields }
              ? RecordValue<Fields>
              : I extends { either: readonly (infer Branch)[] } | { of: readonly (infer Branch)[] }
                ? InputValue<Branch>
                : I extends { maybe: infer Inner }
                  ? InputValue<Inner> | null | undefined
                  : I extends { optional: infer Inner }
                    ? InputValue<Inner> | undefined
                    : never;

type OptionalIn<Fields> = {
  [Name in keyof Fields]: undefined extends InputValue<Fields[Name]> ? Name : never;
}[keyof Fields];

type RecordValue<Fields> = {
  -readonly [Name in Exclude<keyof Fields, OptionalIn<Fields>>]: InputValue<Fields[Name]>;
} & { -readonly [Name in OptionalIn<Fields>]?: InputValue<Fields[Name]> };

/** The fields of a record, however strict it is. */
export function fieldsOf(input: RecordInput): FieldInputs {
  return 'record' in input ? input.record : input.strict;
}
