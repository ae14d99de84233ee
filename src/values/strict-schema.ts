import type { ErrorIssue } from '../schema/issue.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';

type Node = Record<string, unknown>;

// Where a JSON Schema holds schemas: in maps by name, in lists, and alone. All else is data.
const maps = ['properties', '$defs', 'definitions'];
const lists = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const alone = ['items', 'additionalItems', 'not'];

/**
 * A schema as vendors that hold the arguments to it want it: every object closed, and every field required
 * (https://api-docs.deepseek.com/guides/tool_calls). Closing changes nothing that a model would write; an optional field
 * cannot be made required without changing what is meant.
 *
 * @throws ChatError `invalid_request` for optional fields, and for fields of any name
 */
export function strictSchema(schema: Node, path: string): Node {
  const issues: ErrorIssue[] = [];
  const closed = close(schema, path, issues) as Node;
  if (issues.length > 0) throw invalidRequest(issues);
  return closed;
}

function close(node: unknown, path: string, issues: ErrorIssue[]): unknown {
  if (!isNode(node)) return node;
  const closed: Node = { ...node };
  for (const keyword of maps) {
    const map = node[keyword];
    if (!isNode(map)) continue;
    closed[keyword] = Object.fromEntries(
      Object.entries(map).map(([name, inner]) => [name, close(inner, `${path}.${name}`, issues)]),
    );
  }
  for (const keyword of lists) {
    const list = node[keyword];
    if (Array.isArray(list)) closed[keyword] = list.map((inner) => close(inner, path, issues));
  }
  for (const keyword of alone) {
    if (isNode(node[keyword])) closed[keyword] = close(node[keyword], path, issues);
  }
  return describesObject(node) ? closeObject(closed, path, issues) : closed;
}

function closeObject(node: Node, path: string, issues: ErrorIssue[]): Node {
  const { properties = {}, required = [], additionalProperties: others } = node;
  if (isNode(others) && Object.keys(others).length > 0) {
    const message =
      'has fields of any name, which `strict` does not allow: make it a list of pairs';
    issues.push({ path, message });
  }
  for (const name of Object.keys(properties as Node)) {
    if ((required as unknown[]).includes(name)) continue;
    const message = 'is optional, which `strict` does not allow: make it nullable';
    issues.push({ path: `${path}.${name}`, message });
  }
  return { ...node, properties, additionalProperties: false };
}

function describesObject({ type, properties }: Node): boolean {
  return (
    isNode(properties) || type === 'object' || (Array.isArray(type) && type.includes('object'))
  );
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
