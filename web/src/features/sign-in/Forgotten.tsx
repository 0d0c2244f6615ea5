/** Ask for a link to choose another password, by mail. Whether anybody gets one is not told: that would say who is known. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { askForLink, signInOptions } from "@/api/session";
import { Ground } from "@/ui/Ground";
import styles from "@/ui/ground.module.css";
import { Banner, Skeleton } from "@/ui/Parts";

export function Forgotten() {
  const [mail, setMail] = useState<boolean | null>(null);
  const [user, setUser] = useState("");
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    signInOptions().then(
      (options) => setMail(options.mail),
      (failure: Error) => setError(failure.message),
    );
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!user.trim()) {
      setError("Enter your user name or your e-mail address.");
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await askForLink(user.trim());
      setAsked(true);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : "The link could not be asked for.");
    }
    setBusy(false);
  };
  return (
    <Ground title="Another password" lead="You choose it by a link that works once.">
      {error ? <Banner tone="bad">{error}</Banner> : null}
      {asked ? (
        <div role="status">
          <Banner tone="good">
            If somebody of this name or address may sign in here, and an e-mail address of theirs is known, a link is on
            its way to it. It takes a minute; look among unwanted mail, too.
          </Banner>
        </div>
      ) : mail ? (
        <form className={styles.fields} onSubmit={(event) => void submit(event)} noValidate>
          <TextInput
            label="User name or e-mail address"
            name="user"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            maxLength={320}
            value={user}
            onChange={(event) => setUser(event.currentTarget.value)}
          />
          <Button type="submit" loading={busy} fullWidth>
            Send me a link
          </Button>
        </form>
      ) : mail === false ? (
        <Banner tone="neutral">
          No mail is sent from here. An administrator can give you a link: on the page Users, or with the command
          tillsight user link.
        </Banner>
      ) : error ? null : (
        <Skeleton height={90} />
      )}
      <p className={styles.note}>
        <Link to="/sign-in" search={{}}>
          Back to sign-in
        </Link>
      </p>
    </Ground>
  );
}
