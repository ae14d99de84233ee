import { isRecord } from './checks.ts';
import { findObjects } from './find-objects.ts';
import { textOf } from './wire-request.ts';
import type { WireRequest } from './wire-request.ts';

/**
 * The JSON Schema that a client put into a message, since the vendor has no place for one. Every client words that in its
 * own way, so a schema is recognised by its form and not by the text before it. System messages come before the
 * user's, and later messages before earlier ones.
 */
export function findSchema({ messages = [] }: WireRequest): object | undefined {
  for (const roles of [['system', 'developer'], ['user']]) {
    const candidates = messages.filter(({ role = '' }) => roles.includes(role)).toReversed();
    for (const message of candidates) {
      for (const object of findObjects(textOf(message)).toReversed()) {
        const schema = outermostSchema(object);
        if (schema !== undefined) return schema;
      }
    }
  }
  return undefined;
}

/** The schema that a JSON text is, or has under some name. */
function outermostSchema(text: string): object | undefined {
  const values = [parse(text)];
  // The list grows while it is read.
  for (const value of values) {
    if (isRecord(value) && isSchema(value)) return value;
    if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) values.push(inner);
    }
  }
  return undefined;
}

function isSchema({ properties, $schema, type }: Record<string, unknown>): boolean {
  return isRecord(properties) || typeof $schema === 'string' || type === 'object';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
