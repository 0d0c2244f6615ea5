/** Sign in with a name and a password. The server says what is wrong, and how long a locked name waits. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { signIn } from "@/api/session";
import styles from "@/features/sign-in/sign-in.module.css";
import { Banner } from "@/ui/Parts";

export function SignIn() {
  const { next } = useSearch({ strict: false }) as { next?: string };
  const navigate = useNavigate();
  const router = useRouter();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Tillsight";
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!user.trim() || !password) {
      setError("Enter your user name and your password.");
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await signIn(user.trim(), password);
      if (next) router.history.push(next);
      else await navigate({ to: "/" });
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : "Signing in failed.");
      setPassword("");
      setBusy(false);
    }
  };

  return (
    <main className={styles.ground}>
      <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
        <h1 className={styles.mark}>
          till<span>sight</span>
        </h1>
        <p className={styles.lead}>Numbers of your shop that explain themselves.</p>
        {error ? <Banner tone="bad">{error}</Banner> : null}
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
        <Button type="submit" loading={busy} fullWidth>
          Sign in
        </Button>
        <p className={styles.note}>
          The first administrator was made when the workspace was first served; its password was printed there once.
        </p>
      </form>
    </main>
  );
}
