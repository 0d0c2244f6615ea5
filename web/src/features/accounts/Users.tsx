/** For administrators: who may come in, what each may do and see; inviting, changing, letting back in, removing. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { jobQuery, usersQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { LinkMade, Person } from "@/api/types";
import styles from "@/features/accounts/accounts.module.css";
import { Once } from "@/features/accounts/Once";
import { UserForm } from "@/features/accounts/UserForm";
import { ROLES, roleTitle, seen } from "@/features/accounts/words";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Banner, Failed, Page, Pane, Skeleton, type Tone } from "@/ui/Parts";
import { Side } from "@/ui/Side";

const TONES: Record<Person["state"], Tone> = { active: "good", invited: "accent", off: "neutral" };

export function Users() {
  const { format } = useShop();
  const users = useQuery(usersQuery);
  const [opened, setOpened] = useState<number | "new" | null>(null);
  const [link, setLink] = useState<LinkMade | null>(null);
  const person = typeof opened === "number" ? users.data?.find((one) => one.id === opened) : undefined;
  const columns: TableColumn<Person>[] = [
    {
      name: "name",
      title: "User",
      value: (one) => one.name,
      show: (one) => (
        <button type="button" className={styles.person} onClick={() => setOpened(one.id)}>
          {one.name}
        </button>
      ),
      text: (one) => one.name,
    },
    {
      name: "state",
      title: "State",
      value: (one) => one.state,
      show: (one) =>
        one.locked_until ? <Badge tone="warning">locked</Badge> : <Badge tone={TONES[one.state]}>{one.state}</Badge>,
      text: (one) => one.state,
    },
    { name: "role", title: "Role", value: (one) => roleTitle(one.role) },
    {
      name: "sees",
      title: "Sees",
      value: seen,
      show: (one) => (
        <span className={styles.under}>
          {seen(one)}
          <small>{one.sees_masked ? "persons masked" : "persons shown"}</small>
        </span>
      ),
      text: seen,
    },
    {
      name: "factor",
      title: "Second factor",
      value: (one) => (one.single_sign_on ? "single sign-on" : one.factor ? "on" : "off"),
    },
    { name: "sessions", title: "Sessions", right: true, value: (one) => one.sessions },
    {
      name: "last_sign_in_at",
      title: "Last signed in",
      value: (one) => one.last_sign_in_at ?? "",
      show: (one) => (one.last_sign_in_at ? format.moment(one.last_sign_in_at) : "never"),
      text: (one) => (one.last_sign_in_at ? format.moment(one.last_sign_in_at) : "never"),
    },
  ];
  return (
    <Page
      title="Users and roles"
      purpose="Who may come in, what each may do, and what of the shop each sees."
      aside={
        <Button
          onClick={() => {
            setLink(null);
            setOpened("new");
          }}
        >
          Invite somebody
        </Button>
      }
    >
      {link ? (
        <Pane label="Link for a user">
          {link.path ? (
            <Once label={`Link for ${link.user.name}`} text={`${window.location.origin}${link.path}`}>
              Give this link to {link.user.name}: it is shown this once, works once, and until{" "}
              {format.moment(link.expires_at)}. Whoever has it chooses the password.
            </Once>
          ) : (
            <Mailed link={link} />
          )}
        </Pane>
      ) : null}
      <Pane title="Users" sub="press a name to change what somebody may do and see">
        {users.error ? (
          <Failed error={users.error} retry={() => void users.refetch()} />
        ) : users.data ? (
          <DataTable label="Users" columns={columns} rows={users.data} rowKey={(one) => String(one.id)} maxHeight={640} />
        ) : (
          <Skeleton height={160} />
        )}
      </Pane>
      <Pane title="Roles" sub="what each may do">
        <dl className={styles.roles}>
          {ROLES.map((role) => (
            <div key={role.value} style={{ display: "contents" }}>
              <dt>{role.label}</dt>
              <dd>{role.may}</dd>
            </div>
          ))}
        </dl>
      </Pane>
      {opened === "new" || person ? (
        <Side
          title={person ? person.name : "Invite somebody"}
          side="right"
          size={460}
          closeLabel="Close"
          onClose={() => setOpened(null)}
        >
          <UserForm
            key={person?.id ?? "new"}
            person={person ?? null}
            onLink={(made) => {
              setLink(made);
              setOpened(null);
            }}
            onClose={() => setOpened(null)}
          />
        </Side>
      ) : null}
    </Page>
  );
}

/** How the mail with a link fares. */
function Mailed({ link }: { link: LinkMade }) {
  const job = useQuery(jobQuery(link.job ?? ""));
  const failed = job.data?.state === "failed" || job.data?.state === "cancelled";
  return (
    <div role="status">
      <Banner tone={failed ? "bad" : "good"}>
        {failed
          ? `The mail to ${link.user.email ?? ""} did not go out: ${job.data?.error ?? "its job was cancelled."} Show the link instead.`
          : job.data?.state === "done"
            ? `A link for ${link.user.name} was sent to ${link.user.email ?? ""}.`
            : `A link for ${link.user.name} is on its way to ${link.user.email ?? ""}.`}
      </Banner>
    </div>
  );
}
