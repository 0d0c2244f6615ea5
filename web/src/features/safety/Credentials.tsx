/** For administrators: the credentials of connections. They go in here, and nothing shows them again. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { forgetSecret, keepSecret } from "@/api/calls";
import { secretsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Credential } from "@/api/types";
import styles from "@/features/safety/safety.module.css";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Empty, Failed, Page, Pane, Skeleton, Soft, Word } from "@/ui/Parts";

export function Credentials() {
  const { format } = useShop();
  const client = useQueryClient();
  const secrets = useQuery(secretsQuery);
  const [changing, setChanging] = useState<string | null>(null);
  const [asked, setAsked] = useState<string | null>(null);
  const forget = useMutation({
    mutationFn: forgetSecret,
    onSettled: () => {
      setAsked(null);
      return client.invalidateQueries({ queryKey: secretsQuery.queryKey });
    },
  });
  const columns: TableColumn<Credential>[] = [
    { name: "name", title: "Name", value: (one) => one.name },
    {
      name: "last_four",
      title: "Ends in",
      value: (one) => one.last_four || "–",
      show: (one) => (one.last_four ? <code>…{one.last_four}</code> : <Soft>not shown</Soft>),
      text: (one) => (one.last_four ? `…${one.last_four}` : "not shown"),
    },
    {
      name: "changed_at",
      title: "Changed",
      value: (one) => one.changed_at,
      show: (one) => `${format.moment(one.changed_at)}${one.changed_by ? ` by ${one.changed_by}` : ""}`,
      text: (one) => `${format.moment(one.changed_at)} by ${one.changed_by ?? ""}`,
    },
    {
      name: "change",
      title: "Change",
      value: () => "",
      text: (one) => (asked === one.name ? `Forget ${one.name}, keep it` : "Replace, forget"),
      show: (one) =>
        asked === one.name ? (
          <span className={styles.words}>
            <Word disabled={forget.isPending} onClick={() => forget.mutate(one.name)}>
              Forget {one.name}
            </Word>
            <Word onClick={() => setAsked(null)}>Keep it</Word>
          </span>
        ) : (
          <span className={styles.words}>
            <Word aria-label={`Replace ${one.name}`} onClick={() => setChanging(one.name)}>
              Replace
            </Word>
            <Word aria-label={`Forget ${one.name}`} onClick={() => setAsked(one.name)}>
              Forget
            </Word>
          </span>
        ),
    },
  ];
  return (
    <Page title="Credentials" purpose="What connections sign in with, kept encrypted.">
      <Pane
        title="Credentials"
        sub="AES-256, with a key that is in no backup; nothing gives them back"
        actions={changing === null ? <Word onClick={() => setChanging("")}>New credential</Word> : null}
      >
        <div className={styles.stack}>
          {changing === null ? null : <Keep key={changing} name={changing} onDone={() => setChanging(null)} />}
          {forget.error ? <Failed error={forget.error} /> : null}
          {secrets.error ? (
            <Failed error={secrets.error} retry={() => void secrets.refetch()} />
          ) : !secrets.data ? (
            <Skeleton height={70} />
          ) : secrets.data.length ? (
            <DataTable label="Credentials" columns={columns} rows={secrets.data} rowKey={(one) => one.name} />
          ) : changing === null ? (
            <Empty title="No credentials">
              <span>A connection to a shop system, an ad account or S3 needs one.</span>
            </Empty>
          ) : null}
        </div>
      </Pane>
    </Page>
  );
}

function Keep({ name: given, onDone }: { name: string; onDone: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(given);
  const [value, setValue] = useState("");
  const keep = useMutation({
    mutationFn: () => keepSecret(name.trim(), value.trim()),
    onSuccess: () => {
      onDone();
      return client.invalidateQueries({ queryKey: secretsQuery.queryKey });
    },
  });
  const wrong = name !== "" && !/^[a-z0-9][a-z0-9_.-]{0,99}$/.test(name.trim());
  return (
    <form
      className={styles.stack}
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate();
      }}
    >
      <div className={styles.fields}>
        <TextInput
          label="Name"
          placeholder="shopify"
          maxLength={100}
          disabled={given !== ""}
          autoFocus={given === ""}
          value={name}
          error={wrong ? "Small letters, digits, dots, dashes and underscores." : undefined}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="Credential"
          autoComplete="off"
          autoFocus={given !== ""}
          maxLength={20_000}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      </div>
      {keep.error ? <Failed error={keep.error} /> : null}
      <div className={styles.foot}>
        <Button type="submit" loading={keep.isPending} disabled={!name.trim() || wrong || !value.trim()}>
          Keep it
        </Button>
        <Word type="button" onClick={onDone}>
          Cancel
        </Word>
      </div>
    </form>
  );
}
