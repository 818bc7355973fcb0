// @tanstack/virtual-core for rows of one height, as a hook: which rows of a long list are on the screen.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Window {
  first: number;
  end: number;
  show: (index: number) => void;
}

export function useVirtual(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  height: number,
  headHeight: number,
): Window {
  const [, redraw] = useState(0);
  const made = useRef<Virtualizer<HTMLElement, Element> | null>(null);
  const shown = useRef("");
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 6,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: 2 * height,
    initialRect: { width: 0, height: 900 },
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: (instance: Virtualizer<HTMLElement, Element>) => {
      const range = windowOf(instance);
      const id = `${range[0]}-${range[1]}`;
      if (id === shown.current) return; // Most scroll events don't change which rows are drawn.
      shown.current = id;
      redraw((n) => n + 1);
    },
  };
  made.current ??= new Virtualizer(options);
  const virtualizer = made.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  const before = useRef(height);
  if (before.current !== height) {
    before.current = height;
    virtualizer.measure();
  }
  const [first, end] = windowOf(virtualizer);
  shown.current = `${first}-${end}`;
  return { first, end, show: (index) => virtualizer.scrollToIndex(index, { align: "auto" }) };
}

function windowOf(virtualizer: Virtualizer<HTMLElement, Element>): [number, number] {
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  return first && last ? [first.index, last.index + 1] : [0, 0];
}
