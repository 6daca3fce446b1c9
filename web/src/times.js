// Gives each <time> the exact instant in UTC and in the reader's zone, on hover.
// Not for: computing ages; the server writes them, so that print and no-script readers have them too.

/** @param {ParentNode} root */
export function readTimes(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf()) || !time.dateTime.includes("T")) continue;
    const utc = at.toISOString().slice(0, 19).replace("T", " ");
    time.title = zone === "UTC" ? `${utc} UTC` : `${utc} UTC; ${local.format(at)} in ${zone}`;
  }
}
