import * as z from 'zod/mini';
import type { Shape, Shaped } from './shape.ts';

/** The schema that lets through what fits a {@link Shape}. */
export function schemaOf<const S extends Shape>(shape: S): z.ZodMiniType<Shaped<S>> {
  return build(shape) as z.ZodMiniType<Shaped<S>>;
}

function build(shape: Shape): z.ZodMiniType {
  switch (shape) {
    case 'string':
      return z.string();
    case 'number':
      return z.number();
    case 'boolean':
      return z.boolean();
    case 'string?':
      return z.nullish(z.string());
    case 'number?':
      return z.nullish(z.number());
    case 'unknown':
      return z.unknown();
    default:
      if ('either' in shape) return z.union(shape.either.map(build));
      if ('maybe' in shape) return z.nullish(build(shape.maybe));
      if ('list' in shape) return z.array(build(shape.list));
      return z.looseObject(
        Object.fromEntries(
          Object.entries(shape.record).map(([name, field]) => [name, build(field)]),
        ),
      );
  }
}
