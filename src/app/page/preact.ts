// The only door to preact: what the components of the page are made of.

import { type ComponentChildren, render as renderTree } from 'preact';
import * as hooks from 'preact/hooks';

export const render = renderTree;
export const { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } = hooks;
export type Children = ComponentChildren;
