import type { NamedModel } from './model-names.ts';
import { maker, plainName, readName } from './model-names.ts';
import type { ModelProfile, Selling } from './models.ts';
import { findEntry } from './models.ts';

/**
 * Whether the name in an answer is known to be that of another model than the one that was asked: of another generation,
 * size or maker. Not so for another name of the same model, a date after it, or an unknown name.
 */
export function isOtherModel(requested: string, answered: string, selling: Selling): boolean {
  const entry = findEntry(requested, selling);
  const names = [requested, ...(entry === undefined ? [] : namesOf(...entry))];
  if (names.some((name) => isSameName(name, answered))) return false;
  const one = describe(requested, selling);
  const other = describe(answered, selling);
  if (one === undefined || other === undefined) return false;
  return (['maker', 'generation', 'size'] as const).some(
    (field) =>
      one[field] !== undefined && other[field] !== undefined && one[field] !== other[field],
  );
}

/** What its name says of a model; what the vendor's facts say of it counts more. */
function describe(name: string, selling: Selling): NamedModel | undefined {
  const [id = name, model] = findEntry(name, selling) ?? [];
  const read = readName(id);
  if (model?.generation === undefined) return read;
  return { maker, ...read, generation: model.generation };
}

function namesOf(id: string, { wireId, aliases = [] }: ModelProfile): string[] {
  return [id, ...(wireId === undefined ? [] : [wireId]), ...aliases];
}

/** The same name, or one with more behind it: a date, or a host's word for how it is served. */
function isSameName(one: string, other: string): boolean {
  const [a, b] = [plainName(one), plainName(other)];
  const goesOn = (whole: string, start: string): boolean =>
    whole.startsWith(start) && /^(?:[-:@]|$)/.test(whole.slice(start.length));
  return a !== '' && b !== '' && (goesOn(a, b) || goesOn(b, a));
}
