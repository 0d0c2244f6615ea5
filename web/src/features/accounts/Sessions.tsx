/** Where somebody is signed in: device, address, last seen; each can be ended. */
import { useShop } from "@/api/shop";
import type { OpenSession } from "@/api/types";
import styles from "@/features/accounts/accounts.module.css";
import { Badge, Word } from "@/ui/Parts";

interface Props {
  sessions: OpenSession[];
  busy: boolean;
  onEnd: (session: OpenSession) => void;
}

export function SessionList({ sessions, busy, onEnd }: Props) {
  const { format } = useShop();
  if (!sessions.length) return <p className={styles.effect}>Signed in nowhere.</p>;
  return (
    <ul className={styles.list}>
      {sessions.map((session) => {
        const device = session.device || "Unknown device";
        return (
          <li key={session.id}>
            <span>
              {device} {session.current ? <Badge tone="accent">this one</Badge> : null}
              <small>
                {[
                  session.address,
                  `seen ${format.moment(session.seen_at)}`,
                  `since ${format.moment(session.created_at)}`,
                  session.method === "oidc" ? "single sign-on" : null,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </small>
            </span>
            {session.current ? null : (
              <Word
                disabled={busy}
                aria-label={`End the session on ${device}, seen ${format.moment(session.seen_at)}`}
                onClick={() => onEnd(session)}
              >
                End
              </Word>
            )}
          </li>
        );
      })}
    </ul>
  );
}
