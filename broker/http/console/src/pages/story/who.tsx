import type { Sender } from "../../api/types";

export function Who({ sender }: { sender: Sender }) {
  return (
    <>
      {sender.clientId === "" ? <span class="muted">a client without an id</span> : <strong>{sender.clientId}</strong>}{" "}
      over {sender.protocol}
      {sender.peer !== "" && (
        <>
          {" "}
          from <span class="mono">{sender.peer}</span>
        </>
      )}
    </>
  );
}
