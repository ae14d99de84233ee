import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import type { ErrorIssue } from './issue.ts';

/**
 * The part of the Standard Schema interface (https://standardschema.dev, version 1) that this package offers and reads,
 * written out so that no schema library is needed to use our types.
 */
export interface StandardSchemaV1<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** The result of validating a value with a Standard Schema. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One thing a Standard Schema found wrong. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * A Standard Schema that gives its JSON Schema as well (https://standardschema.dev/json-schema): zod from 4.2 on, and
 * ArkType, do so by themselves.
 */
export interface StandardJSONSchemaV1<Output = unknown> {
  readonly '~standard': StandardSchemaV1<Output>['~standard'] & {
    readonly jsonSchema: {
      readonly input: (options: {
        readonly target: string;
        readonly libraryOptions?: Record<string, unknown> | undefined;
      }) => Record<string, unknown>;
    };
  };
}

/** Builds a value at its first use; schemas cost milliseconds that `import` should not pay. */
export function once<T>(build: () => T): () => T {
  let built: { value: T } | undefined;
  return () => (built ??= { value: build() }).value;
}

// `zod/mini` has no messages of its own; set per call, so that the global zod configuration stays untouched.
const words = /* @__PURE__ */ once(() => ({ error: en().localeError }));

/** The result of a check: the value, or what is wrong with it. */
export type Checked<T = unknown> = { ok: true; value: T } | { ok: false; issues: ErrorIssue[] };

/** Runs a schema. Issues come with dotted paths, and without the values. */
export function validate<T>(schema: z.ZodMiniType<T>, value: unknown): Checked<T> {
  const result = z.safeParse(schema, value, words());
  if (result.success) return { ok: true, value: result.data };
  const issues = result.error.issues.flatMap(flatten).map(({ path, message }) => ({
    path: dotted(path),
    message,
  }));
  return { ok: false, issues };
}

/** The result of any Standard Schema. @throws what it throws, and for a malformed result */
export function readResult(result: StandardResult<unknown>): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const issues = result.issues.map(({ message, path = [] }) => ({
    path: dotted(path.map((step) => (typeof step === 'object' ? step.key : step))),
    message: String(message),
  }));
  return { ok: false, issues };
}

/** The message for a key that no schema knows. */
export const unknownField = 'is not a known field';

/** What zod found, one entry a value: of an unknown key, the path is the key's own. */
function flatten(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: unknownField,
    }));
  }
  // The best branch of a union says more than "invalid input".
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.reduce((best, next) => (depth(next) > depth(best) ? next : best));
    if (depth(closest) > 0) {
      return closest.flatMap((inner) =>
        flatten({ ...inner, path: [...issue.path, ...inner.path] }),
      );
    }
  }
  return [{ path: issue.path, message: issue.message }];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((deepest, issue) => Math.max(deepest, issue.path.length), 0);
}

/** `['messages', 0, 'role']` → `messages.0.role`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** Offers a schema of ours to the outside, built at its first use. */
export function asStandardSchema<Output>(
  schema: () => z.ZodMiniType<unknown>,
): StandardSchemaV1<Output> {
  return {
    '~standard': {
      version: 1,
      vendor: 'deepseek-v4-flash',
      validate(value) {
        const result = z.safeParse(schema(), value, words());
        return result.success
          ? { value: result.data as Output }
          : { issues: result.error.issues.flatMap(flatten) };
      },
    },
  };
}
