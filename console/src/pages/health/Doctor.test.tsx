import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { SessionProvider } from "@/api/session";
import type { ChecksAnswer } from "@/api/checks";
import { CHECKS, SESSION } from "@/testing/fixtures";
import { answering, draw } from "@/testing/harness";
import { Doctor } from "./Doctor";
import { Whole } from "../events/Whole";

const doctor = (news: Partial<ChecksAnswer["doctor"]>): ChecksAnswer => ({ ...CHECKS, doctor: { ...CHECKS.doctor, ...news } });
const journal = (news: Partial<ChecksAnswer["journal"]>): ChecksAnswer => ({ ...CHECKS, journal: { ...CHECKS.journal, ...news } });

function drawn(told: ChecksAnswer, part: React.ReactNode, scopes = SESSION.scopes): ReturnType<typeof answering> {
  const asked = answering({ "/api/v1/session": { ...SESSION, scopes }, "/api/v1/checks": told, "/api/v1/checks/doctor": doctor({ state: "running", actor: "console:ann" }), "/api/v1/checks/journal": journal({ state: "running", actor: "console:ann" }) });
  draw(<SessionProvider>{part}</SessionProvider>);
  return asked;
}

const FINDINGS = [
  { check: "python", verdict: "ok" as const, found: "3.11.7", remedy: "" },
  { check: "home", verdict: "warn" as const, found: "it is open to others", remedy: "chmod 700 it" },
  { check: "config", verdict: "fail" as const, found: "no account", remedy: "name one" },
];

it("knows nothing before somebody looked, and looks when asked, with a proof of this page", async () => {
  const asked = drawn(CHECKS, <Doctor />);
  expect((await screen.findByTestId("doctor-ok")).textContent).toBe("unknown");
  expect(screen.getByTestId("doctor-said").textContent).toBe("not looked at since the API began");
  fireEvent.click(await screen.findByTestId("doctor-look"));
  await waitFor(() => expect(screen.getByTestId("doctor-look").textContent).toBe("Under way"));
  expect(screen.getByTestId("doctor-said").textContent).toBe("console:ann asked, it is under way");
  const sent = asked.find(({ init }) => init.method === "POST");
  expect(sent?.path).toBe("/api/v1/checks/doctor");
  expect((sent?.init.headers as Record<string, string>)["x-csrf-token"]).toBe("c1");
});

it("shows what fails first, and what to do", async () => {
  drawn(doctor({ state: "done", actor: "console:ann", age_s: 250, took_ms: 840, ok: false, findings: FINDINGS }), <Doctor />);
  expect((await screen.findByTestId("doctor-ok")).textContent).toBe("something fails");
  expect(screen.getByTestId("doctor-said").textContent).toBe("4 min 10 s ago by console:ann, in 840 ms");
  const texts = (): (string | null)[] => screen.getAllByTestId("doctor-table-row").map((row) => row.textContent);
  expect(texts()).toEqual(["failconfigno accountname one", "warnhomeit is open to otherschmod 700 it"]);
  fireEvent.click(screen.getByTestId("doctor-all"));
  expect(texts()).toEqual(["failconfigno accountname one", "warnhomeit is open to otherschmod 700 it", "okpython3.11.7"]);
});

it("says that a look gave no answer, and takes nothing for well", async () => {
  drawn(doctor({ state: "failed", actor: "console:ann", age_s: 3, took_ms: 90_000, why: "it took longer than 90 s, and was ended" }), <Doctor />);
  expect((await screen.findByTestId("doctor-why")).textContent).toBe("it took longer than 90 s, and was ended");
  expect(screen.getByTestId("doctor-ok").textContent).toBe("unknown");
});

it("offers no look to those who may only read", async () => {
  drawn(CHECKS, <Doctor />, ["read"]);
  await screen.findByTestId("doctor-ok");
  expect(screen.queryByTestId("doctor-look")).toBeNull();
});

it("shows how far the chain was checked as it was read, and from where it was verified anew", async () => {
  drawn(journal({ state: "done", actor: "console:ann", age_s: 12, took_ms: 700, whole: true, rows: 224, events: 170, segments: 0, head: { rows: 224, last: 170, hash: "bab0a7" } }), <Whole />);
  expect((await screen.findByTestId("whole-is")).textContent).toBe("whole");
  expect(screen.getByTestId("whole-head").textContent).toContain("up to event 170, row 224");
  expect(screen.getByTestId("whole-read").textContent).toContain("up to event 171");
  expect(screen.getByTestId("whole-read-hash").textContent).toContain("c0ffee");
});

it("says where a chain is broken", async () => {
  drawn(journal({ state: "done", actor: "console:ann", age_s: 1, took_ms: 700, whole: false, why: "row 100, from event 87 on: its content does not give its hash" }), <Whole />);
  expect((await screen.findByTestId("whole-is")).textContent).toBe("not whole");
  expect(screen.getByTestId("whole-why").textContent).toContain("row 100");
});
