/** Bring files: drop or choose them, say what the effect will be, then load them in the background. */
import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type DragEvent } from "react";
import { startLoad } from "@/api/calls";
import { jobQuery, jobsQuery, loadsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import styles from "@/features/data/data.module.css";
import { JobProgress } from "@/ui/JobProgress";
import { isDay } from "@/lib/days";
import { Failed, Pane, Word } from "@/ui/Parts";

const PRESETS = [
  { value: "", label: "Found from the headers" },
  { value: "online_retail", label: "Online Retail (UCI)" },
  { value: "olist", label: "Olist" },
  { value: "complete_journey", label: "Complete Journey" },
];

const isMapping = (file: File): boolean => file.name.toLowerCase().endsWith(".toml");

export function Upload({ job, onStarted }: { job: string | null; onStarted: (job: string) => void }) {
  const { format } = useShop();
  const client = useQueryClient();
  const loads = useQuery(loadsQuery);
  const input = useRef<HTMLInputElement>(null);
  const [files, setFiles] = useState<File[]>([]);
  const [over, setOver] = useState(false);
  const [mapping, setMapping] = useState<File | null>(null);
  const [preset, setPreset] = useState("");
  const [asOf, setAsOf] = useState("");
  const [replaces, setReplaces] = useState("");
  const [build, setBuild] = useState(true);
  const asOfError = asOf && !isDay(asOf) ? "A day such as 2026-11-14" : null;
  const names = [...new Set((loads.data ?? []).flatMap((load) => load.files.map((file) => file.name)))];

  const add = (list: FileList | null) => {
    const chosen = [...(list ?? [])];
    const own = chosen.find(isMapping);
    if (own) setMapping(own);
    const added = chosen.filter((file) => !isMapping(file));
    setFiles((before) => [...before.filter((file) => !added.some((one) => one.name === file.name)), ...added]);
  };
  const load = useMutation({
    mutationFn: () => {
      const form = new FormData();
      for (const file of files) form.append("files", file);
      if (mapping) form.append("mapping", mapping);
      else if (preset) form.append("preset", preset);
      if (asOf) form.append("as_of", asOf);
      if (replaces) form.append("replaces", replaces);
      form.append("build", String(build));
      return startLoad(form);
    },
    onSuccess: (started) => {
      client.setQueryData(jobQuery(started.id).queryKey, started);
      onStarted(started.id);
      setFiles([]);
      setMapping(null);
      setReplaces("");
      return client.invalidateQueries({ queryKey: jobsQuery.queryKey });
    },
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const effect = [
    `${files.length === 1 ? "1 file" : `${files.length} files`}, ${format.bytes(bytes)}: all of it is landed, or none`,
    replaces
      ? `the rows of ${replaces} no longer count`
      : "rows with the same key replace earlier ones, nothing is deleted",
    build ? "a release is built, pages show it when it is published" : "pages stay as they are until the next build",
  ].join("; ");

  return (
    <Pane title="Bring files" sub="CSV, TSV, JSON, NDJSON, Parquet, Excel; also gz and zip; several at once">
      <div
        className={styles.drop}
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <span>
          <strong>Drop files here</strong> or
        </span>
        <Button variant="default" onClick={() => input.current?.click()}>
          Choose files
        </Button>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="Files to load"
          accept=".toml,.csv,.tsv,.txt,.json,.ndjson,.jsonl,.parquet,.xlsx,.xls,.gz,.zip"
          onChange={(event) => {
            add(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {files.length ? (
        <>
          <ul className={styles.files}>
            {files.map((file) => (
              <li key={file.name}>
                <span>
                  {file.name} <span className={styles.effect}>{format.bytes(file.size)}</span>
                </span>
                <Word
                  aria-label={`Remove ${file.name}`}
                  onClick={() => setFiles(files.filter((one) => one.name !== file.name))}
                >
                  Remove
                </Word>
              </li>
            ))}
            {mapping ? (
              <li>
                <span>
                  {mapping.name} <span className={styles.effect}>says how to read them</span>
                </span>
                <Word aria-label={`Remove ${mapping.name}`} onClick={() => setMapping(null)}>
                  Remove
                </Word>
              </li>
            ) : null}
          </ul>
          <div className={styles.options}>
            <Select
              label="How to read them"
              description="Or add an own mapping, a .toml file"
              data={PRESETS}
              value={preset}
              allowDeselect={false}
              disabled={mapping !== null}
              onChange={(value) => setPreset(value ?? "")}
              inputWrapperOrder={["label", "input", "description", "error"]}
            />
            <TextInput
              label="Known on"
              description="Empty: now"
              placeholder="2026-11-14"
              value={asOf}
              error={asOfError}
              onChange={(event) => setAsOf(event.currentTarget.value)}
              inputWrapperOrder={["label", "input", "description", "error"]}
            />
            <Select
              label="Replaces an earlier file"
              description="Empty: adds to what is there"
              data={names}
              value={replaces || null}
              clearable
              searchable
              placeholder="None"
              onChange={(value) => setReplaces(value ?? "")}
              inputWrapperOrder={["label", "input", "description", "error"]}
            />
          </div>
          <div className={styles.foot}>
            <Checkbox
              size="xs"
              label="Build a release afterwards"
              checked={build}
              onChange={(event) => setBuild(event.currentTarget.checked)}
            />
            <Button loading={load.isPending} disabled={Boolean(asOfError)} onClick={() => load.mutate()}>
              Load {files.length === 1 ? "1 file" : `${files.length} files`}
            </Button>
          </div>
          <p className={styles.effect} style={{ marginTop: 8 }}>
            {effect}.
          </p>
        </>
      ) : null}
      {load.error ? <Failed error={load.error} /> : null}
      {job ? (
        <div style={{ marginTop: 12 }}>
          <JobProgress id={job} />
        </div>
      ) : null}
    </Pane>
  );
}
