/** Everybody about himself: what he may see, password, second factor, sessions, keys of his programs. */
import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { changePassword, endOwnSession, endOwnSessions } from "@/api/calls";
import { ownSessionsQuery } from "@/api/queries";
import { currentUser, forget } from "@/api/session";
import styles from "@/features/accounts/accounts.module.css";
import { FactorPane } from "@/features/accounts/Factor";
import { KeysPane } from "@/features/accounts/Keys";
import { SessionList } from "@/features/accounts/Sessions";
import { ownSight, ROLES, roleTitle } from "@/features/accounts/words";
import { Banner, Facts, Failed, Page, Pane, Skeleton, Word } from "@/ui/Parts";

export function Profile() {
  const user = currentUser();
  if (!user) return null;
  return (
    <Page title="Your profile" purpose="How you sign in, where you are signed in, and what you may see.">
      <div className={styles.grid}>
        <div className={styles.stack}>
        <Pane title="You">
          <Facts
            items={[
              ["User", user.name],
              ["Role", `${roleTitle(user.role)}: ${ROLES.find((one) => one.value === user.role)?.may ?? ""}`],
              ["You see", ownSight(user)],
              ["More", "An administrator can change your role and what you see."],
            ]}
          />
        </Pane>
        <OwnSessions />
        </div>
        <div className={styles.stack}>
          <PasswordPane />
          <FactorPane />
        </div>
        <div className={styles.whole}>
          <KeysPane />
        </div>
      </div>
    </Page>
  );
}

function PasswordPane() {
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: () => changePassword(current, password),
    onSuccess: async () => {
      setCurrent("");
      setPassword("");
      setAgain("");
      await client.invalidateQueries({ queryKey: ownSessionsQuery.queryKey });
    },
  });
  const short = password.length > 0 && password.length < 10;
  const differs = again.length > 0 && again !== password;
  const ready = current && password.length >= 10 && again === password;
  return (
    <Pane title="Password" sub="a change ends your other sessions">
      <form
        className={`${styles.form} ${styles.narrow}`}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <input type="text" name="username" autoComplete="username" value={currentUser()?.name ?? ""} readOnly hidden />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          value={current}
          error={change.error?.message}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          value={password}
          error={short ? `${10 - password.length} more to go` : null}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          value={again}
          error={differs ? "It differs from the first" : null}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        <div>
          <Button type="submit" loading={change.isPending} disabled={!ready}>
            Change the password
          </Button>
        </div>
        {change.isSuccess ? <Banner tone="good">The password is changed; your other sessions have ended.</Banner> : null}
      </form>
    </Pane>
  );
}

function OwnSessions() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const sessions = useQuery(ownSessionsQuery);
  const again = () => client.invalidateQueries({ queryKey: ownSessionsQuery.queryKey });
  const end = useMutation({ mutationFn: endOwnSession, onSettled: again });
  const all = useMutation({
    mutationFn: endOwnSessions,
    onSuccess: async (_ended, others) => {
      if (others) return again();
      forget();
      client.clear();
      return navigate({ to: "/sign-in", search: {} });
    },
  });
  return (
    <Pane title="Sessions" sub="where you are signed in">
      {sessions.error ? (
        <Failed error={sessions.error} retry={() => void sessions.refetch()} />
      ) : sessions.data ? (
        <div className={styles.form}>
          <SessionList sessions={sessions.data} busy={end.isPending} onEnd={(session) => end.mutate(session.id)} />
          <div className={styles.foot}>
            {sessions.data.length > 1 ? (
              <Button variant="default" loading={all.isPending} onClick={() => all.mutate(true)}>
                End all others
              </Button>
            ) : null}
            <Word onClick={() => all.mutate(false)}>Sign out everywhere</Word>
          </div>
          {end.error ?? all.error ? <Failed error={end.error ?? all.error} /> : null}
        </div>
      ) : (
        <Skeleton height={90} />
      )}
    </Pane>
  );
}
