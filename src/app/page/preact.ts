// The only door to preact: what the components of the page are made of.

import { Component, type ComponentChildren, h, render as renderTree } from 'preact';
import * as hooks from 'preact/hooks';

export const render = renderTree;
export const { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } = hooks;
export type Children = ComponentChildren;

/** A component that is made again only when one of its values is another one. */
export function kept<P extends object>(draw: (values: P) => Children) {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return Object.entries(next).some(([name, value]) => value !== this.props[name as keyof typeof this.props]);
    }

    override render(): Children {
      return h(draw as (values: object) => Children as never, this.props);
    }
  };
}
