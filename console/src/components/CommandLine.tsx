import { useCalled } from "@/api/queries";
import { CopyText } from "./CopyText";

/** A command line of this desk, with its home where that is not the usual one: what is copied reaches no other desk. */
export function CommandLine({ text, testid }: { text: string; testid: string }) {
  return <CopyText text={useCalled()(text)} prompt testid={testid} />;
}
