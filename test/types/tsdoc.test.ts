import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

// What an editor shows of this package is its documentation: each name that can be imported, and each member of it.

const root = fileURLToPath(new URL('../..', import.meta.url));

const doors = [
  'src/index.ts',
  'src/core.ts',
  'src/gateway/reader/index.ts',
  'src/testing/index.ts',
  'src/testing/msw.ts',
  'src/entries/ai-sdk/index.ts',
  'src/entries/gateway/index.ts',
  'src/entries/otel/index.ts',
];

const config = ts.readConfigFile(`${root}/tsconfig.json`, (path) => ts.sys.readFile(path));
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
const program = ts.createProgram(
  doors.map((door) => `${root}/${door}`),
  options,
);
const checker = program.getTypeChecker();

type Declared = ts.Symbol & { declarations: [ts.Declaration, ...ts.Declaration[]] };

function isOurs(symbol: ts.Symbol): symbol is Declared {
  return (
    symbol.declarations?.some((each) => each.getSourceFile().fileName.includes('/src/')) ?? false
  );
}

function isInternal(symbol: ts.Symbol): boolean {
  return (
    symbol.getJsDocTags(checker).some(({ name }) => name === 'internal') ||
    (symbol.declarations ?? []).some((each) => /@internal/.test(leading(each)))
  );
}

/** Comments before the statement that a name is exported by. */
function leading(node: ts.Node): string {
  const statement = ts.isExportSpecifier(node) ? node.parent.parent : node;
  return statement.getFullText().slice(0, statement.getLeadingTriviaWidth());
}

function isDocumented(symbol: ts.Symbol): boolean {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';
}

/** Files that restate a specification of somebody else's: its names are explained there. */
const foreign =
  /entries\/ai-sdk\/(ui-)?specification\.ts$|schema\/standard\.ts$|internal\/web\.ts$|wire-request\.ts$/;

/** The members that an interface or a class writes down itself. What only resembles a platform's object is as that is. */
function membersOf(declaration: ts.Declaration): readonly ts.NamedDeclaration[] {
  const isWalked = ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration);
  if (!isWalked || declaration.name?.text.endsWith('Like')) return [];
  if (foreign.test(declaration.getSourceFile().fileName)) return [];
  return [...declaration.members].filter(
    (member) =>
      !ts.isConstructorDeclaration(member) &&
      member.name !== undefined &&
      !ts.isPrivateIdentifier(member.name),
  );
}

/** `code: 'invalid'` explains itself: a mark by which a union is told apart, or a name of the wire that is what it says. */
const plain = new Set(['type', 'role', 'object', 'index', 'name']);

function isPlain(member: ts.NamedDeclaration): boolean {
  const name = member.name?.getText() ?? '';
  return plain.has(name) || name.startsWith('[Symbol.');
}

function undocumented(door: string): string[] {
  const file = program.getSourceFile(`${root}/${door}`);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${door} exports nothing`);
  return checker.getExportsOfModule(module).flatMap((exported) => {
    if (isInternal(exported)) return [];
    const symbol =
      exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!isOurs(symbol) || isInternal(symbol)) return [];
    const own = isDocumented(symbol) ? [] : [exported.name];
    const members = symbol.declarations.flatMap((declaration) =>
      membersOf(declaration).filter((member) => {
        const of = member.name && checker.getSymbolAtLocation(member.name);
        return of !== undefined && !isInternal(of) && !isPlain(member) && !isDocumented(of);
      }),
    );
    return [...own, ...members.map((each) => `${exported.name}.${each.name?.getText()}`)];
  });
}

describe('everything that can be imported says what it is', () => {
  test('the walk sees names and members', () => {
    const file = program.getSourceFile(`${root}/src/index.ts`);
    const module = file && checker.getSymbolAtLocation(file);
    const names = module && checker.getExportsOfModule(module).map(({ name }) => name);

    expect(names).toEqual(expect.arrayContaining(['createClient', 'ChatError', 'Report']));
  });

  test.each(doors)('from %s', (door) => {
    expect(undocumented(door)).toEqual([]);
  });
});
