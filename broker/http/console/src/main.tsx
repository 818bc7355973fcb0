import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/controls.css";
import "./styles/panels.css";
import "./styles/tables.css";
import "./styles/dialogs.css";
import "./styles/layout.css";
import "./styles/overview.css";
import "./styles/leaders.css";
import "./styles/settings.css";
import "./styles/messages.css";
import "./styles/story.css";
import { App } from "./app";
import { connect } from "./live/connection";
import { Help } from "./shell/help";
import { Palette } from "./shell/palette";
import { dialog } from "./ui/dialog";
import { listenToKeys } from "./ui/keys";

const place = document.createElement("div");
place.id = "app";
document.body.append(place);
render(<App />, place);
connect();
listenToKeys({
  palette: () => {
    dialog.value = <Palette />;
  },
  help: () => {
    dialog.value = <Help />;
  },
});
