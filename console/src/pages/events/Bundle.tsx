import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { askFile } from "@/api/client";
import { ROOT } from "@/api/queries";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { CopyText } from "@/components/CopyText";
import { Layer } from "@/components/Dialog";
import { Segments } from "@/components/Select";
import { Failed } from "@/components/States";
import { save } from "@/components/table";
import { Field } from "@/frame/Field";

const ZIP = "application/zip";
const NEWEST = [1_000, 10_000, 50_000] as const;
const EVENT = { required: true, inputMode: "numeric", pattern: "[1-9][0-9]{0,17}", title: "the number of an event" } as const;

/** Asks which stretch of the journal is meant, and lets the browser keep it as a file that proves itself. */
export function Bundle({ last: end, onClose }: { last: number; onClose: () => void }) {
  const newest = (count: number): string => `${Math.max(1, end - count + 1)}`;
  const counts = NEWEST.filter((count, index) => index === 0 || count < end);
  const choices = counts.map((count) => ({ value: newest(count), label: count < end ? `newest ${count}` : "all" }));
  const [first, setFirst] = useState(newest(NEWEST[0]));
  const [last, setLast] = useState(`${end}`);
  const take = useMutation({
    mutationFn: () => askFile(`${ROOT}/events/bundle`, { first, last }),
    onSuccess: ({ name, blob }) => save(name, blob, ZIP),
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    take.mutate();
  }
  return (
    <Layer open onClose={onClose} title="A stretch of the journal as a file" says="Events, commits with the hashes of the chain and the bytes that they are over, and a manifest that counts them." testid="bundle">
      <form onSubmit={submit} className="flex flex-col gap-3 p-4">
        <div className="flex flex-wrap items-end gap-3">
          <Field name="First event" {...EVENT} value={first} onChange={(event) => setFirst(event.target.value)} data-testid="bundle-first" />
          <Field name="Last event" {...EVENT} value={last} onChange={(event) => setLast(event.target.value)} data-testid="bundle-last" />
          <Segments
            value={last === `${end}` ? first : ""}
            choices={choices}
            label="How many"
            testid="bundle-newest"
            onChange={(text) => {
              setFirst(text);
              setLast(`${end}`);
            }}
          />
        </div>
        <p className="m-0 text-2xs text-muted">It holds whole commits. On any machine, the second line computes every hash anew; one hash from elsewhere says that it is of this journal.</p>
        <CommandLine text={`flatbook events bundle --first ${first} --last ${last} --to stretch.zip`} testid="bundle-cli" />
        <CopyText text="flatbook events check stretch.zip" prompt testid="bundle-check" />
        {take.error && <Failed error={take.error} />}
        <div className="flex items-center justify-end gap-2">
          {take.data && <span className="mr-auto text-2xs text-buy" role="status" data-testid="bundle-done">{take.data.name}</span>}
          <Button onClick={onClose} data-testid="bundle-leave">
            Close
          </Button>
          <Button type="submit" look="primary" icon="save" disabled={take.isPending} data-testid="bundle-save">
            Save the file
          </Button>
        </div>
      </form>
    </Layer>
  );
}
