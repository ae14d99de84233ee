import { invalidRequest } from '../schema/canonical.ts';

type Node = Record<string, unknown>;

/**
 * A schema as vendors that hold the arguments to it want it: every object closed, and every field required
 * (https://api-docs.deepseek.com/guides/tool_calls). Closing changes nothing that a model would write; an optional field
 * cannot be made required without changing what is meant.
 *
 * @throws ChatError `invalid_request` for an optional field
 */
export function strictSchema(schema: Node, path: string): Node {
  const optional = optionalFields(schema, '');
  if (optional.length > 0) {
    const message = 'is optional, which `strict` does not allow: make it nullable';
    throw invalidRequest(optional.map((field) => ({ path: `${path}.${field}`, message })));
  }
  return close(schema) as Node;
}

function optionalFields(node: unknown, path: string): string[] {
  if (!isNode(node)) return [];
  const { properties, required = [] } = node;
  const names = isNode(properties) ? Object.keys(properties) : [];
  const own = names
    .filter((name) => !(required as unknown[]).includes(name))
    .map((name) => (path === '' ? name : `${path}.${name}`));
  const inner = isNode(properties)
    ? Object.entries(properties).flatMap(([name, value]) =>
        optionalFields(value, path === '' ? name : `${path}.${name}`),
      )
    : [];
  const alternatives = [node.items, ...[node.anyOf, node.oneOf, node.allOf].flat()];
  return [...own, ...inner, ...alternatives.flatMap((value) => optionalFields(value, path))];
}

function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (!isNode(value)) return value;
  const closed = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, close(inner)]),
  );
  const isOpen = isNode(value.properties) && value.additionalProperties === undefined;
  return isOpen ? { ...closed, additionalProperties: false } : closed;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
