import { version } from '../internal/version.ts';
import { ChatError } from '../outcome/chat-error.ts';

// Where this runs.

const {
  process: runtime,
  navigator: agent,
  EdgeRuntime: edge,
} = globalThis as {
  process?: { versions?: { node?: string } };
  navigator?: { userAgent?: string };
  EdgeRuntime?: unknown;
};
const isServer =
  runtime?.versions?.node !== undefined ||
  agent?.userAgent === 'Cloudflare-Workers' ||
  edge !== undefined;
const userAgent =
  `deepseek-v4-flash/${version}` +
  (runtime?.versions?.node === undefined ? '' : ` node/${runtime.versions.node}`);

// Text streams are small as they are. A page's own `user-agent` would make servers elsewhere refuse the call.
export const ownHeaders = {
  'accept-encoding': 'identity',
  ...(isServer && { 'user-agent': userAgent }),
};

/** @throws ChatError `unsupported` for a Node that lacks what is used here, and would fail later and worse */
export function checkVersion(): void {
  const nodeVersion = runtime?.versions?.node;
  if (nodeVersion === undefined || !isNode()) return;
  const [major = 0, minor = 0, patch = 0] = nodeVersion.split('.').map(Number);
  if (major > 20 || (major === 20 && (minor > 18 || (minor === 18 && patch >= 1)))) return;
  throw new ChatError(
    'unsupported',
    `Node 20.18.1 or newer is required, but this is ${nodeVersion}`,
  );
}

/** Bun, Deno and workers show themselves as Node where it helps them; their own `fetch` is the better way there. */
export function isNode(): boolean {
  const { process, navigator, Deno } = globalThis as {
    process?: { release?: { name?: string }; versions?: Record<string, string | undefined> };
    navigator?: { userAgent?: string };
    Deno?: unknown;
  };
  return (
    process?.release?.name === 'node' &&
    process.versions?.bun === undefined &&
    Deno === undefined &&
    navigator?.userAgent !== 'Cloudflare-Workers'
  );
}
