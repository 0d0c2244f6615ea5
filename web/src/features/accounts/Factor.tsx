/** The second factor: set up with a QR code, recovery codes, taking it away. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { beginFactor, confirmFactor, removeFactor, renewCodes } from "@/api/calls";
import { factorQuery } from "@/api/queries";
import { currentUser, renewed } from "@/api/session";
import styles from "@/features/accounts/accounts.module.css";
import { Badge, Banner, Code, Failed, Pane, Skeleton, Word } from "@/ui/Parts";
import { saveBlob } from "@/lib/download";

export function FactorPane() {
  const factor = useQuery(factorQuery);
  if (factor.error) {
    return (
      <Pane title="Second factor">
        <Failed error={factor.error} retry={() => void factor.refetch()} />
      </Pane>
    );
  }
  return (
    <Pane
      title="Second factor"
      sub="a code of your telephone besides the password"
      actions={factor.data?.on ? <Badge tone="good">on</Badge> : <Badge>off</Badge>}
    >
      {factor.data ? factor.data.on ? <On left={factor.data.codes_left} /> : <FactorSetup /> : <Skeleton height={80} />}
    </Pane>
  );
}

function On({ left }: { left: number }) {
  const client = useQueryClient();
  const [what, setWhat] = useState<"codes" | "remove" | null>(null);
  const [password, setPassword] = useState("");
  const [codes, setCodes] = useState<string[] | null>(null);
  const required = useQuery(factorQuery).data?.required ?? false;
  const act = useMutation({
    mutationFn: async () => {
      if (what === "codes") return (await renewCodes(password)).recovery_codes;
      await removeFactor(password);
      await renewed();
      return null;
    },
    onSuccess: async (made) => {
      setCodes(made);
      setWhat(null);
      setPassword("");
      await client.invalidateQueries({ queryKey: factorQuery.queryKey });
    },
  });
  return (
    <div className={styles.form}>
      <p>
        Signing in asks for a code of your authenticator. {left} recovery {left === 1 ? "code is" : "codes are"} left.
      </p>
      {left < 3 && !codes ? <Banner tone="warning">Few recovery codes are left; make new ones.</Banner> : null}
      {codes ? <Codes codes={codes} /> : null}
      {what ? (
        <form
          className={`${styles.form} ${styles.narrow}`}
          onSubmit={(event) => {
            event.preventDefault();
            act.mutate();
          }}
        >
          <p className={styles.effect}>
            {what === "codes"
              ? "The recovery codes that you have now stop working."
              : required
                ? "Your role needs a second factor: you will have to set up another at once."
                : "Your password alone will be enough to sign in."}
          </p>
          <PasswordInput
            label="Your password"
            autoComplete="current-password"
            autoFocus
            value={password}
            error={act.error?.message}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <div className={styles.foot}>
            <Button type="submit" loading={act.isPending} {...(what === "remove" ? { color: "red" } : {})}>
              {what === "codes" ? "Make new codes" : "Take it away"}
            </Button>
            <Word onClick={() => setWhat(null)}>Cancel</Word>
          </div>
        </form>
      ) : (
        <div className={styles.foot}>
          <Button variant="default" onClick={() => setWhat("codes")}>
            New recovery codes
          </Button>
          <Word onClick={() => setWhat("remove")}>Take the second factor away</Word>
        </div>
      )}
    </div>
  );
}

/** From the password over the QR code to the recovery codes. `onDone`: they were seen. */
export function FactorSetup({ onDone }: { onDone?: () => void }) {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useMutation({ mutationFn: () => beginFactor(password), onSuccess: () => setPassword("") });
  const confirm = useMutation({ mutationFn: () => confirmFactor(code) });
  const submit = (act: () => void) => (event: FormEvent) => {
    event.preventDefault();
    act();
  };
  const finish = async () => {
    await renewed();
    await client.invalidateQueries({ queryKey: factorQuery.queryKey });
    onDone?.();
  };
  if (confirm.data) {
    return (
      <div className={styles.form}>
        <Banner tone="good">The second factor is on.</Banner>
        <Codes codes={confirm.data.recovery_codes} />
        <div>
          <Button onClick={() => void finish()}>I have kept the codes</Button>
        </div>
      </div>
    );
  }
  if (begin.data) {
    return (
      <form className={styles.form} onSubmit={submit(() => confirm.mutate())}>
        <ol className={styles.steps}>
          <li>
            <p style={{ marginBottom: 8 }}>Read this with an authenticator (any that knows TOTP).</p>
            <img
              className={styles.picture}
              alt="QR code with the secret of the second factor"
              src={`data:image/svg+xml;utf8,${encodeURIComponent(begin.data.picture)}`}
            />
          </li>
          <li>
            <p style={{ marginBottom: 6 }}>Or type the secret into it:</p>
            <Code label="Secret of the second factor" text={begin.data.secret} wrap />
          </li>
          <li>
            <div className={styles.narrow}>
              <TextInput
                label="Code that it shows"
                inputMode="numeric"
                autoComplete="one-time-code"
                maxLength={6}
                value={code}
                error={confirm.error?.message}
                onChange={(event) => setCode(event.currentTarget.value.replace(/\D/g, ""))}
              />
            </div>
          </li>
        </ol>
        <div>
          <Button type="submit" loading={confirm.isPending} disabled={code.length !== 6}>
            Switch it on
          </Button>
        </div>
      </form>
    );
  }
  return (
    <form className={`${styles.form} ${styles.narrow}`} onSubmit={submit(() => begin.mutate())}>
      <p>Whoever learns your password still cannot come in without your telephone.</p>
      {/* So that managers of passwords know whose password it is. */}
      <input type="text" name="username" autoComplete="username" value={currentUser()?.name ?? ""} readOnly hidden />
      <PasswordInput
        label="Your password"
        autoComplete="current-password"
        value={password}
        error={begin.error?.message}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <div>
        <Button type="submit" loading={begin.isPending}>
          Set it up
        </Button>
      </div>
    </form>
  );
}

function Codes({ codes }: { codes: string[] }) {
  return (
    <div className={styles.form}>
      <p>
        Recovery codes, each good once in place of a code of the telephone. They are shown this once: print them or keep
        them where you keep passwords.
      </p>
      <ul className={styles.codes} aria-label="Recovery codes">
        {codes.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      <div className={styles.foot}>
        <Button variant="default" onClick={() => saveBlob(new Blob([`${codes.join("\n")}\n`]), "tillsight-recovery-codes.txt")}>
          Download them
        </Button>
      </div>
    </div>
  );
}
