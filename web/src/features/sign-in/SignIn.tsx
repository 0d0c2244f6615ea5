/**
 * Sign in with a name and a password, then with a code where there is a second factor; or with an account elsewhere. The
 * server says what is wrong, and how long a locked name waits.
 */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { Link, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { renewed, signIn, signInOptions, signInWithCode } from "@/api/session";
import { Ground } from "@/ui/Ground";
import styles from "@/ui/ground.module.css";
import { Banner, Word } from "@/ui/Parts";

export function SignIn() {
  const { next, signed } = useSearch({ strict: false }) as { next?: string; signed?: string };
  const navigate = useNavigate();
  const router = useRouter();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [ticket, setTicket] = useState<string | null>(null);
  const [code, setCode] = useState("");
  const [error, setError] = useState<string | null>(signed && signed !== "in" ? signed : null);
  const [busy, setBusy] = useState(signed === "in");
  const [elsewhere, setElsewhere] = useState<string | null>(null);

  const enter = async () => {
    if (next) router.history.push(next);
    else await navigate({ to: "/" });
  };
  useEffect(() => {
    signInOptions().then(
      (options) => setElsewhere(options.single_sign_on),
      () => undefined,
    );
    if (signed !== "in") return;
    void renewed().then((done) => {
      if (done) return enter();
      setError("Signing in elsewhere did not lead to a session here. Try again.");
      return setBusy(false);
    });
    // Once, when the page opens.
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (ticket ? !code.trim() : !user.trim() || !password) {
      setError(ticket ? "Enter the code of your authenticator." : "Enter your user name and your password.");
      return;
    }
    setBusy(true);
    setError(null);
    try {
      if (ticket) await signInWithCode(ticket, code.trim());
      else {
        const given = await signIn(user.trim(), password);
        if (given) {
          setTicket(given.ticket);
          setPassword("");
          setBusy(false);
          return;
        }
      }
      await enter();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : "Signing in failed.");
      setPassword("");
      setCode("");
      setBusy(false);
    }
  };

  return (
    <Ground title="Sign in" lead="Numbers of your shop that explain themselves.">
      {error ? <Banner tone="bad">{error}</Banner> : null}
      <form className={styles.fields} onSubmit={(event) => void submit(event)} noValidate>
        {ticket ? (
          <TextInput
            key="code"
            label="Code of your authenticator"
            description="Or one of your recovery codes."
            name="code"
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        ) : (
          <>
            <TextInput
              label="User name"
              name="user"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              autoFocus
              value={user}
              onChange={(event) => setUser(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          </>
        )}
        <Button type="submit" loading={busy} fullWidth>
          {ticket ? "Go on" : "Sign in"}
        </Button>
      </form>
      {ticket ? (
        <p className={styles.note}>
          Lost your telephone and your codes? An administrator can take the second factor away.{" "}
          <Word
            onClick={() => {
              setTicket(null);
              setError(null);
            }}
          >
            Begin again
          </Word>
        </p>
      ) : (
        <>
          {elsewhere ? (
            <Button
              variant="default"
              fullWidth
              component="a"
              href={`/api/v1/oidc/start${next ? `?next=${encodeURIComponent(next)}` : ""}`}
            >
              {elsewhere}
            </Button>
          ) : null}
          <p className={styles.note}>
            The first administrator was made when the workspace was first served; its password was printed there once.{" "}
            <Link to="/forgotten">Forgot your password?</Link>
          </p>
        </>
      )}
    </Ground>
  );
}
