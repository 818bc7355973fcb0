// Every change goes the same way: the broker checks it first and says what would be, a person confirms, then it is done.
import { type ComponentChildren, Fragment } from "preact";
import { useState } from "preact/hooks";
import { closeDialog, Dialog } from "../ui/dialog";
import { Command, Failure, say } from "../ui/parts";

export interface Step {
  title: string;
  /** What will happen, after the broker has checked it. */
  summary: ComponentChildren;
  command: string;
  confirm: string;
  /** To be typed before the button works. */
  typed?: string;
  danger?: boolean;
  run: () => Promise<string>;
  /** Back to the form. */
  back?: () => void;
}

export function Confirmation(step: Step) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = !busy && (step.typed === undefined || typed === step.typed);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    setError(null);
    try {
      const done = await step.run();
      closeDialog();
      say(done);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <div class="summary">{step.summary}</div>
      {step.typed !== undefined && (
        <label class="field">
          <span>
            Type <code>{step.typed}</code> to confirm
          </span>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
      )}
      <div class="field">
        <span class="muted">In a terminal</span>
        <Command text={step.command} />
      </div>
      {error !== null && <Failure error={error} />}
      <footer>
        {step.back && (
          <button type="button" class="button" onClick={step.back}>
            Back
          </button>
        )}
        <button type="button" class="button" onClick={closeDialog}>
          Cancel
        </button>
        <button type="submit" class={`button primary${step.danger ? " danger" : ""}`} disabled={!ready}>
          {step.confirm}
        </button>
      </footer>
    </form>
  );
}

/** A change without a form: the check runs at once. */
export function CheckedConfirmation(props: { title: string; check: () => Promise<Step> }) {
  const [step, setStep] = useState<Step | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(false);
  if (!asked) {
    setAsked(true);
    props.check().then(setStep, setError);
  }
  return (
    <Dialog title={props.title}>
      {step ? (
        <Confirmation {...step} />
      ) : (
        <div class="dialog-body">
          {error === null ? <p class="muted">Asking the broker…</p> : <Failure error={error} />}
        </div>
      )}
    </Dialog>
  );
}

/** Before and after, a line for each setting. */
export function Differences({ lines }: { lines: { key: string; before: string; after: string }[] }) {
  return (
    <table aria-label="Changes">
      <thead>
        <tr>
          <th scope="col">Setting</th>
          <th scope="col">Now</th>
          <th scope="col">Then</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Fragment key={line.key}>
            <tr>
              <th scope="row" class="mono">
                {line.key}
              </th>
              <td class="mono muted">{line.before}</td>
              <td class="mono">
                <strong>{line.after}</strong>
              </td>
            </tr>
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}
