import type { Profile } from 'deepseek-v4-flash';
import { providers } from 'deepseek-v4-flash';
import { partsOf, styleOf } from './facts.ts';

// The vendors as the README shows them, from their facts.

const tick = (isSo: boolean): string => (isSo ? '✓' : '');

function thinkingOf(profile: Profile): string {
  const { on, off, byDefault } = styleOf(profile);
  if (on === undefined) return 'never';
  if (off === undefined) return 'always';
  return byDefault === 'off' ? '✓ (off)' : '✓';
}

const columns: Record<string, (profile: Profile) => string> = {
  '`provider`': ({ id }) => `\`${id}\``,
  key: ({ apiKeyVariables }) => apiKeyVariables.map((name) => `\`${name}\``).join(' '),
  thinking: thinkingOf,
  effort: (profile) => tick(styleOf(profile).effort !== undefined),
  schema: ({ jsonSchema }) => tick(jsonSchema.startsWith('sent')),
  'forced tools': ({ forcedToolChoice }) =>
    forcedToolChoice === 'sent'
      ? '✓'
      : { 'thinking off': '✓ ¹', 'required as auto': 'named', 'as auto': '' }[forcedToolChoice],
  images: (profile) => tick(partsOf(profile).includes('image_url')),
  'token cap': ({ models }) =>
    models['deepseek-v4-flash']?.caps.max_tokens?.toLocaleString('en') ?? '',
  cost: ({ cost, models }) =>
    cost !== undefined ? '✓' : models['deepseek-v4-flash']?.prices === undefined ? '' : '✓ ²',
};

export function vendorMatrix(): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.join(' | ')} |`.replaceAll('  ', ' ');
  const profiles = Object.values(providers).map(({ profile }) => profile);
  return [
    row(Object.keys(columns)),
    row(Object.keys(columns).map(() => '---')),
    ...profiles.map((profile) => row(Object.values(columns).map((cell) => cell(profile)))),
  ].join('\n');
}
