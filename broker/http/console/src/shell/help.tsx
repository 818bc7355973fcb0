import { Dialog } from "../ui/dialog";
import { otherKeys, pageKeys } from "../ui/keys";

export function KeyTable() {
  const keys: [string, string][] = [
    ...pageKeys.map(([key, title]): [string, string] => [`g  ${key}`, title]),
    ...otherKeys,
  ];
  return (
    <table class="keys" aria-label="Keys">
      <tbody>
        {keys.map(([key, what]) => (
          <tr key={key}>
            <th scope="row">
              {key.split(/ {2}|(?<=Ctrl) /).map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </th>
            <td>{what}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Help() {
  return (
    <Dialog title="Keys">
      <div class="dialog-body">
        <KeyTable />
      </div>
    </Dialog>
  );
}
