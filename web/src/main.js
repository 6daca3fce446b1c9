// What the pages gain where script runs: the reader's own zone beside UTC, keys, answers while one types, the map. Every page is whole without it.
import { readTimes } from "./times.js";
import { listenToKeys } from "./keys.js";
import { answerLive } from "./live.js";
import { WorldMap } from "./map.js";

readTimes(document);
listenToKeys(document);
answerLive(document);
customElements.define("world-map", WorldMap);
