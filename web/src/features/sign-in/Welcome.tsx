/** Where an invitation and a link to choose another password lead. The secret of the link stays behind the #. */
import { Button, PasswordInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { acceptLink, lookAtLink, signIn } from "@/api/session";
import type { LinkSeen } from "@/api/types";
import { Ground } from "@/ui/Ground";
import styles from "@/ui/ground.module.css";
import { Banner, Skeleton } from "@/ui/Parts";

const SHORTEST = 10;

export function Welcome() {
  const navigate = useNavigate();
  const [token] = useState(() => window.location.hash.slice(1));
  const [link, setLink] = useState<LinkSeen | null>(null);
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (token) lookAtLink(token).then(setLink, (failure: Error) => setError(failure.message));
    else setError("This link is not whole; copy all of it.");
  }, [token]);
  const short = password.length > 0 && password.length < SHORTEST;
  const differs = again.length > 0 && again !== password;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!link || password.length < SHORTEST || again !== password) {
      setError(`Choose a password of ${SHORTEST} characters or more, and type it twice.`);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await acceptLink(token, password);
      const ticket = await signIn(link.name, password);
      // With a second factor the rest is asked for where everybody signs in.
      await navigate(ticket ? { to: "/sign-in", search: {} } : { to: "/" });
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : "The password could not be set.");
      setBusy(false);
    }
  };

  const lead = link
    ? link.purpose === "invitation"
      ? `You are invited to ${link.shop}.`
      : `Choose another password for ${link.shop}.`
    : "One moment.";
  return (
    <Ground title="Choose a password" lead={error && !link ? "This link does not work." : lead}>
      {error ? <Banner tone="bad">{error}</Banner> : null}
      {link ? (
        <form className={styles.fields} onSubmit={(event) => void submit(event)} noValidate>
          <p>
            Your user name is <strong>{link.name}</strong>.
          </p>
          <input type="text" name="username" autoComplete="username" value={link.name} readOnly hidden />
          <PasswordInput
            label="Password"
            description={`${SHORTEST} characters or more; several words are better than signs.`}
            autoComplete="new-password"
            autoFocus
            value={password}
            error={short ? `${SHORTEST - password.length} more to go` : null}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <PasswordInput
            label="The same again"
            autoComplete="new-password"
            value={again}
            error={differs ? "It differs from the first" : null}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
          <Button type="submit" loading={busy} fullWidth>
            Set the password and sign in
          </Button>
        </form>
      ) : error ? (
        <Button variant="default" onClick={() => void navigate({ to: "/sign-in", search: {} })}>
          To sign-in
        </Button>
      ) : (
        <Skeleton height={160} />
      )}
    </Ground>
  );
}
