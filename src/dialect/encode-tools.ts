import type { ChatCompletionTool } from '../schema/tool.ts';
import { forcesCall } from '../schema/tool.ts';
import type { Encoding } from './encoding.ts';
import { reroute, unsupported } from './encoding.ts';

/** Tools and the choice between them. */
export function encodeTools(encoding: Encoding): void {
  const { request, profile, body, adjust } = encoding;
  if (request.tools !== undefined) {
    const keepsStrict = decideStrict(encoding, request.tools);
    body.tools = request.tools.map((tool, index) => encodeTool(encoding, tool, index, keepsStrict));
  }
  if (request.serverTools !== undefined) {
    const own = request.serverTools.map((type) => ({ type }));
    body.tools = [...((body.tools as object[] | undefined) ?? []), ...own];
  }
  const { tool_choice: choice } = request;
  if (choice === undefined) return;
  const isForced =
    (choice === 'required' && profile.forcedToolChoice === 'required as auto') ||
    (forcesCall(choice) && profile.forcedToolChoice === 'as auto');
  if (isForced) {
    body.tool_choice = 'auto';
    const what = choice === 'required' ? '`required`' : 'choice of a function';
    const reason = `${profile.name} documents no ${what}`;
    adjust({
      param: 'tool_choice',
      action: 'mapped',
      lossy: true,
      from: choice,
      to: 'auto',
      reason,
    });
  } else {
    body.tool_choice = choice;
  }
}

/** Whether `strict` goes along. On a beta path it is all functions or none. */
function decideStrict(encoding: Encoding, tools: readonly ChatCompletionTool[]): boolean {
  const { profile, adjust } = encoding;
  const strict = tools.flatMap((tool, index) => (tool.function.strict ? [index] : []));
  if (strict.length === 0) return false;
  if (profile.strictTools === 'sent') return true;
  if (profile.strictTools === 'beta' && strict.length === tools.length) {
    reroute(encoding, 'tools', '`strict` is a beta feature');
    return true;
  }
  const reason =
    profile.strictTools === 'beta'
      ? `${profile.name} takes \`strict\` on all functions or on none`
      : `${profile.name} documents no such parameter`;
  for (const index of strict) {
    const param = `tools.${index}.function.strict`;
    adjust({ param, action: 'dropped', lossy: true, from: true, reason });
  }
  return false;
}

function encodeTool(
  { profile, caps, adjust }: Encoding,
  { function: definition }: ChatCompletionTool,
  index: number,
  keepsStrict: boolean,
): unknown {
  const { name, description, parameters, strict } = definition;
  const path = `tools.${index}.function`;
  const longest = caps.toolNameLength ?? Infinity;
  if (name.length > longest) {
    throw unsupported(profile, `${path}.name`, `names of more than ${longest} characters`);
  }
  const addsParameters = parameters == null && profile.parametersRequired === true;
  const sent = addsParameters ? { type: 'object', properties: {} } : parameters;
  if (addsParameters) {
    const reason = `${profile.name} requires \`parameters\``;
    adjust({ param: `${path}.parameters`, action: 'added', lossy: false, to: sent, reason });
  }
  return {
    type: 'function',
    function: {
      name,
      ...(description != null && { description }),
      ...(sent != null && { parameters: sent }),
      ...(strict && keepsStrict && { strict }),
    },
  };
}
