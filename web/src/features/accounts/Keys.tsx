/** Keys of programs: a list, making one with scopes and an end, and ending one. */
import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { endKey, makeKey } from "@/api/calls";
import { keysQuery } from "@/api/queries";
import { currentUser } from "@/api/session";
import { useShop } from "@/api/shop";
import type { ApiKey } from "@/api/types";
import styles from "@/features/accounts/accounts.module.css";
import { Once } from "@/features/accounts/Once";
import { scopesInWords } from "@/features/accounts/words";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Empty, Failed, Pane, Skeleton, Word } from "@/ui/Parts";

const LIVES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
  { value: "", label: "No end" },
];
const MODULES = "modules";

/** One's own keys, or with `all` those of everybody. */
export function KeysPane({ all = false }: { all?: boolean }) {
  const { format } = useShop();
  const client = useQueryClient();
  const keys = useQuery(keysQuery(all));
  const [making, setMaking] = useState(false);
  const [sure, setSure] = useState<string | null>(null);
  const end = useMutation({
    mutationFn: endKey,
    onSettled: () => client.invalidateQueries({ queryKey: ["keys"] }),
  });
  const columns: TableColumn<ApiKey>[] = [
    {
      name: "name",
      title: "For",
      value: (key) => key.name,
      show: (key) => (
        <span className={styles.under}>
          {key.name}
          <small>
            <code>{key.prefix}…</code>
          </small>
        </span>
      ),
      text: (key) => key.name,
    },
    ...(all ? [{ name: "user", title: "User", value: (key: ApiKey) => key.user }] : []),
    { name: "scopes", title: "May", value: scopesInWords },
    {
      name: "expires_at",
      title: "Good until",
      value: (key) => key.expires_at ?? "9999",
      show: (key) => (key.expires_at ? format.moment(key.expires_at) : "no end"),
      text: (key) => (key.expires_at ? format.moment(key.expires_at) : "no end"),
    },
    {
      name: "last_used_at",
      title: "Last used",
      value: (key) => key.last_used_at ?? "",
      show: (key) =>
        key.last_used_at ? (
          <span className={styles.under}>
            {format.moment(key.last_used_at)}
            {key.last_address ? <small>from {key.last_address}</small> : null}
          </span>
        ) : (
          "never"
        ),
      text: (key) => (key.last_used_at ? `from ${key.last_address ?? ""} ` : "never"),
    },
    {
      name: "end",
      title: "End",
      value: () => "",
      text: () => "For good?",
      show: (key) =>
        sure === key.id ? (
          <Word
            disabled={end.isPending}
            aria-label={`End the key ${key.name} for good`}
            onClick={() => end.mutate(key.id)}
          >
            For good?
          </Word>
        ) : (
          <Word aria-label={`End the key ${key.name}`} onClick={() => setSure(key.id)}>
            End it
          </Word>
        ),
    },
  ];
  return (
    <Pane
      title="Keys of programs"
      sub={all ? "everybody's; each acts as its user, within its scopes" : "each acts as you, within its scopes"}
      {...(all ? {} : { actions: <Word onClick={() => setMaking(true)}>New key</Word> })}
    >
      <div className={styles.form}>
        {making ? <NewKey onDone={() => setMaking(false)} /> : null}
        {end.error ? <Failed error={end.error} /> : null}
        {keys.error ? (
          <Failed error={keys.error} retry={() => void keys.refetch()} />
        ) : !keys.data ? (
          <Skeleton height={70} />
        ) : keys.data.length ? (
          <DataTable label="Keys of programs" columns={columns} rows={keys.data} rowKey={(key) => key.id} />
        ) : making ? null : (
          <Empty title="No keys">
            <span>A program that asks the API needs one: a notebook, a spreadsheet, a till.</span>
          </Empty>
        )}
      </div>
    </Pane>
  );
}

function NewKey({ onDone }: { onDone: () => void }) {
  const { shop } = useShop();
  const client = useQueryClient();
  const user = currentUser();
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const [modules, setModules] = useState<string[]>([]);
  const [days, setDays] = useState("90");
  const make = useMutation({
    mutationFn: () =>
      makeKey(
        name.trim(),
        scope === MODULES ? modules.map((module) => `read:${module}`) : [scope],
        days ? Number(days) : null,
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["keys"] }),
  });
  if (make.data) {
    return (
      <div className={styles.form}>
        <Once label="The key" text={make.data.text}>
          This is the key, shown this once. Keep it where the program keeps its secrets.
        </Once>
        <div>
          <Button onClick={onDone}>I have kept it</Button>
        </div>
      </div>
    );
  }
  const writes = user?.role === "admin" || user?.role === "manager";
  const scopes = [
    { value: "read", label: "Read everything that I see" },
    { value: MODULES, label: "Read single modules" },
    ...(writes ? [{ value: "write", label: "Read, load data, build" }] : []),
    ...(user?.role === "admin" ? [{ value: "admin", label: "Everything, users too" }] : []),
  ];
  const ready = name.trim() && (scope !== MODULES || modules.length > 0);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <div className={styles.fields}>
        <TextInput
          label="What it is for"
          placeholder="Till export"
          maxLength={100}
          autoFocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="What it may"
          data={scopes}
          value={scope}
          allowDeselect={false}
          onChange={(value) => setScope(value ?? "read")}
        />
        <Select
          label="How long it is good"
          data={LIVES}
          value={days}
          allowDeselect={false}
          onChange={(value) => setDays(value ?? "")}
        />
      </div>
      {scope === MODULES ? (
        <fieldset className={styles.group}>
          <legend>Modules</legend>
          <div className={styles.checks}>
            {shop.domains.map((domain) => (
              <Checkbox
                key={domain.name}
                size="xs"
                label={domain.title}
                checked={modules.includes(domain.name)}
                onChange={(event) =>
                  setModules(
                    event.currentTarget.checked
                      ? [...modules, domain.name]
                      : modules.filter((module) => module !== domain.name),
                  )
                }
              />
            ))}
          </div>
        </fieldset>
      ) : null}
      {make.error ? <Failed error={make.error} /> : null}
      <div className={styles.foot}>
        <Button type="submit" loading={make.isPending} disabled={!ready}>
          Make the key
        </Button>
        <Word onClick={onDone}>Cancel</Word>
        {days ? null : <span className={styles.effect}>A key without an end is good until somebody ends it.</span>}
      </div>
    </form>
  );
}
