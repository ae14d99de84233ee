import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

// A folder is one idea, and stands above what it imports: a file imports from its own folder, or from one before it here.
const folders = [
  'internal',
  'schema',
  'cost',
  'outcome',
  'dialect',
  'providers',
  'transport',
  'stream',
  'traffic',
  'options',
  'request',
  'call',
  'failover',
  'values',
  'tools',
  'bulk',
  'gateway',
  'testing',
];

/** The doors, which stand above all folders. */
const doors = ['client.ts', 'core.ts', 'index.ts', 'core-commonjs.ts'];

/** What stands above the doors: each folder in it is an entry of its own, and imports the doors and nothing deeper. */
const entries = 'entries/';

const topLevel = [
  'src',
  'test',
  'examples',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsup.config.ts',
  'vitest.config.ts',
  'README.md',
  'LICENSE',
];

interface Import {
  /** Path of the imported file, from `src`. */
  to: string;
  isType: boolean;
}

interface SourceFile {
  /** Path from `src`. */
  path: string;
  tree: ts.SourceFile;
  imports: Import[];
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .toSorted()
  .map(readSource);

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, 'src', path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const imports = descendants(tree).flatMap((node): Import[] => {
    const found = importedName(node);
    if (found === undefined || !found.name.startsWith('.')) return [];
    return [{ to: posix.join(dirname(path), found.name), isType: found.isType }];
  });
  return { path, tree, imports };
}

/** `import … from`, `export … from`, `import()` and `import('…').Type`. */
function importedName(node: ts.Node): { name: string; isType: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    const isType = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { name: (node.moduleSpecifier as ts.StringLiteral).text, isType };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { name: (node.moduleSpecifier as ts.StringLiteral).text, isType: node.isTypeOnly };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    return argument && ts.isStringLiteral(argument)
      ? { name: argument.text, isType: false }
      : undefined;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { name: (node.argument.literal as ts.StringLiteral).text, isType: true };
  }
  return undefined;
}

function descendants(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child, ...descendants(child)));
  return children;
}

/** How high a file stands; -1 for one that has no place. Entries stand above the doors. */
function rankOf(path: string): number {
  if (path.startsWith(entries)) return folders.length + doors.length;
  const folder = path.slice(0, Math.max(0, path.indexOf('/')));
  return folder === '' ? folders.length + doors.indexOf(path) : folders.indexOf(folder);
}

function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** The first way found from a file back to itself, if there is one. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const search = (path: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of edges.get(path) ?? []) {
      const cycle = search(next, [...way, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of edges.keys()) {
    const cycle = search(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function importGraph(counts: (each: Import) => boolean): Map<string, string[]> {
  return new Map(
    files.map(({ path, imports }) => [path, imports.filter(counts).map(({ to }) => to)]),
  );
}

test('every source file is in a folder that has its rank, or is a door', () => {
  const isLost = (path: string): boolean =>
    path.includes('/') ? rankOf(path) < 0 : !doors.includes(path);
  expect(files.map(({ path }) => path).filter(isLost)).toEqual([]);
});

test('a file imports from its own folder, or from one that stands below', () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports.filter(({ to }) => rankOf(to) > rankOf(path)).map(({ to }) => `${path} imports ${to}`),
  );

  expect(wrong).toEqual([]);
});

/** The command is a program like a user's: it may go through every door that users have. */
const isCommand = (path: string): boolean => path.startsWith('entries/cli/');
const isDoorOfEntry = (path: string): boolean =>
  path === 'testing/index.ts' || /^entries\/[^/]+\/index\.ts$/.test(path);

test('an entry imports its own files and the doors, and nothing deeper', () => {
  const entryOf = (path: string): string => path.split('/').slice(0, 2).join('/');
  const wrong = files
    .filter(({ path }) => path.startsWith('entries/'))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => !['index.ts', 'client.ts', 'core.ts'].includes(to))
        // What several entries share lies beside them.
        .filter(({ to }) => !/^entries\/[^/]+\.ts$/.test(to))
        .filter(({ to }) => !(isCommand(path) && isDoorOfEntry(to)))
        .filter(({ to }) => entryOf(to) !== entryOf(path))
        .map(({ to }) => `${path} imports ${to}`),
    );

  expect(wrong).toEqual([]);
});

test('no chain of imports leads back to where it began', () => {
  expect(findCycle(importGraph(({ isType }) => !isType))).toBeUndefined();
});

test('no chain of type imports leads back to where it began', () => {
  expect(findCycle(importGraph(() => true))).toBeUndefined();
});

test('shared code names no vendor', () => {
  const vendors = files
    .filter(({ path }) => path.startsWith('providers/'))
    .map(({ path }) => path.slice('providers/'.length, -'.ts'.length))
    .filter((name) => !['registry', 'decoders'].includes(name));
  expect(vendors).toEqual([
    'aimlapi',
    'alibaba',
    'anyfast',
    'bytespike',
    'deepinfra',
    'deepseek',
    'fireworks',
    'openrouter',
    'shortapi',
    'volcengine',
    'vtrix',
  ]);

  const named = files
    .filter(({ path }) => !path.startsWith('testing/vendors/') && path !== 'providers/registry.ts')
    .flatMap(({ path, tree }) =>
      descendants(tree)
        .filter(ts.isStringLiteralLike)
        .filter(({ text }) => vendors.includes(text) && path !== `providers/${text}.ts`)
        .filter((literal) => !isInDefaults(literal))
        .map((literal) => `${path}:${lineOf(literal)} ${literal.getText()}`),
    );

  expect(named).toEqual([]);
});

/** Which vendor is called when none is named has to be written somewhere: in `defaults`, once. */
function isInDefaults(node: ts.Node): boolean {
  const parent = node.parent as ts.Node | undefined;
  if (parent === undefined) return false;
  if (ts.isVariableDeclaration(parent)) return parent.name.getText() === 'defaults';
  return isInDefaults(parent);
}

test('no source file uses the type that switches checking off', () => {
  const holes = files.flatMap(({ path, tree }) =>
    descendants(tree)
      .filter(({ kind }) => kind === ts.SyntaxKind.AnyKeyword)
      .map((node) => `${path}:${lineOf(node)}`),
  );

  expect(holes).toEqual([]);
});

test('every optional field of a public type may be undefined, also to exact optional types', () => {
  // Restates a type of the AI SDK's, whose optional fields are exact.
  const foreign = ['UIMessagePart'];
  const own = publicDeclarations().filter(({ name }) => !foreign.includes(name?.text ?? ''));
  const exact = own.flatMap((declaration) =>
    descendants(declaration)
      .filter(isOptionalMember)
      .filter((member) => !takesUndefined(member))
      .map((member) => `${declaration.name?.text}.${member.name.getText()}`),
  );

  expect(exact).toEqual([]);
});

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassDeclaration;

/** The declarations of the types that the entries export by name. */
function publicDeclarations(): Declaration[] {
  const doorsOfTypes = ['index.ts', 'testing/index.ts', 'testing/msw.ts'];
  const more = files
    .map(({ path }) => path)
    .filter((path) => /^entries\/[^/]+\/index\.ts$/.test(path) && !isCommand(path));
  return [...doorsOfTypes, ...more].flatMap((entry) => {
    const found = files.find(({ path }) => path === entry);
    const reexports = found?.tree.statements.filter(ts.isExportDeclaration) ?? [];
    return reexports.flatMap(({ moduleSpecifier, exportClause }) => {
      if (moduleSpecifier === undefined || !exportClause || !ts.isNamedExports(exportClause))
        return [];
      const from = posix.join(dirname(entry), (moduleSpecifier as ts.StringLiteral).text);
      const names = new Set(exportClause.elements.map(({ name }) => name.text));
      return declarationsIn(from).filter(({ name }) => name !== undefined && names.has(name.text));
    });
  });
}

function declarationsIn(path: string): Declaration[] {
  const statements = files.find((file) => file.path === path)?.tree.statements;
  return statements?.filter(isDeclaration) ?? [];
}

function isDeclaration(node: ts.Node): node is Declaration {
  return (
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isClassDeclaration(node)
  );
}

type Member = ts.PropertySignature | ts.PropertyDeclaration | ts.MethodSignature;

function isOptionalMember(node: ts.Node): node is Member {
  const isMember =
    ts.isPropertySignature(node) || ts.isPropertyDeclaration(node) || ts.isMethodSignature(node);
  return isMember && node.questionToken !== undefined;
}

/** An optional method never does: it has to be written as a property. */
function takesUndefined(member: Member): boolean {
  if (ts.isMethodSignature(member) || member.type === undefined) return false;
  const types = ts.isUnionTypeNode(member.type) ? [...member.type.types] : [member.type];
  return types.some(
    ({ kind }) => kind === ts.SyntaxKind.UndefinedKeyword || kind === ts.SyntaxKind.UnknownKeyword,
  );
}

test('the top level holds the fixed list and nothing else that is visible', () => {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n').filter(Boolean);
  const isIgnored = (name: string): boolean =>
    ignored.some((pattern) =>
      pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : `${name}/` === pattern,
    );
  const visible = readdirSync(root).filter((name) => !name.startsWith('.') && !isIgnored(name));

  expect(visible.toSorted()).toEqual(topLevel.toSorted());
});
