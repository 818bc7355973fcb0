// One dialog at a time, over the page. The browser keeps the focus inside and gives it back.
import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Glyph } from "./icons";

export const dialog = signal<JSX.Element | null>(null);

export function closeDialog(): void {
  dialog.value = null;
}

export function Dialog({
  title,
  children,
  className,
}: {
  title: string;
  children: ComponentChildren;
  className?: string;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    element.current?.showModal();
    return () => opener?.focus?.();
  }, []);
  return (
    <dialog
      ref={element}
      class={className}
      aria-label={title}
      onClose={(event) => {
        // It comes a little after Escape: by then there may be another dialog.
        if (event.currentTarget.isConnected) closeDialog();
      }}
    >
      {className !== "palette" && (
        <header>
          <h2>{title}</h2>
          <span class="spacer" />
          <button type="button" class="button quiet small" aria-label="Close" onClick={closeDialog}>
            <Glyph name="close" />
          </button>
        </header>
      )}
      {children}
    </dialog>
  );
}
