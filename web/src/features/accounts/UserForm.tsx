/** What an administrator gives somebody: role, modules, rows, persons; and for one who is there: sessions, links, the way out. */
import { Button, Checkbox, Select, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import * as calls from "@/api/calls";
import { dimensionsQuery, modulesQuery, optionsQuery, sessionsQuery, usersQuery } from "@/api/queries";
import { currentUser } from "@/api/session";
import type { Access, LinkMade, Person, Role } from "@/api/types";
import styles from "@/features/accounts/accounts.module.css";
import { SessionList } from "@/features/accounts/Sessions";
import { ROLES } from "@/features/accounts/words";
import { Banner, Failed, Skeleton, Word } from "@/ui/Parts";

const PERSONS = [
  { value: "role", label: "As usual for the role" },
  { value: "masked", label: "Masked" },
  { value: "shown", label: "Shown" },
];

interface Bound {
  dimension: string;
  values: string[];
}

interface Props {
  person: Person | null;
  onLink: (link: LinkMade) => void;
  onClose: () => void;
}

export function UserForm({ person, onLink, onClose }: Props) {
  const client = useQueryClient();
  const modules = useQuery(modulesQuery);
  const [name, setName] = useState("");
  const [email, setEmail] = useState(person?.email ?? "");
  const [role, setRole] = useState<Role>(person?.role ?? "analyst");
  const [opened, setOpened] = useState<string[]>(person?.modules ?? []);
  const [bounds, setBounds] = useState<Bound[]>(
    Object.entries(person?.rows ?? {}).map(([dimension, values]) => ({ dimension, values })),
  );
  const [persons, setPersons] = useState(
    person?.masked === true ? "masked" : person?.masked === false ? "shown" : "role",
  );
  const mail = useQuery(optionsQuery).data?.mail ?? false;
  const [byMail, setByMail] = useState(true);
  const mailed = mail && byMail && email.trim() !== "";
  const limited = role === "limited";
  const access = (): Access => ({
    role,
    email: email.trim(),
    masked: persons === "role" ? "role" : persons === "masked",
    ...(limited
      ? {
          modules: opened,
          rows: Object.fromEntries(
            bounds.filter((one) => one.dimension && one.values.length).map((one) => [one.dimension, one.values]),
          ),
        }
      : {}),
  });
  const again = () => client.invalidateQueries({ queryKey: usersQuery.queryKey });
  const save = useMutation({
    mutationFn: async () =>
      person
        ? void (await calls.changeUser(person.id, access()))
        : onLink(await calls.inviteUser({ ...access(), name: name.trim(), role, by_mail: mailed })),
    onSuccess: async () => {
      await again();
      if (person) onClose();
    },
  });
  const useful = !limited || opened.length > 0;
  return (
    <div className={styles.form} style={{ gap: 16 }}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {person ? null : (
          <TextInput
            label="User name"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <TextInput
          label="E-mail address (optional)"
          type="email"
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        {!person && mail && email.trim() ? (
          <Checkbox
            size="xs"
            label="Send the invitation to this address"
            checked={byMail}
            onChange={(event) => setByMail(event.currentTarget.checked)}
          />
        ) : null}
        <Select
          label="Role"
          description={ROLES.find((one) => one.value === role)?.may}
          data={ROLES.map(({ value, label }) => ({ value, label }))}
          value={role}
          allowDeselect={false}
          onChange={(value) => setRole((value as Role | null) ?? "analyst")}
          inputWrapperOrder={["label", "input", "description", "error"]}
        />
        {limited ? (
          <>
            <fieldset className={styles.group}>
              <legend>Modules that are open</legend>
              <div className={styles.checks}>
                {(modules.data ?? []).map((module) => (
                  <Checkbox
                    key={module.name}
                    size="xs"
                    label={module.title}
                    checked={opened.includes(module.name)}
                    onChange={(event) =>
                      setOpened(
                        event.currentTarget.checked
                          ? [...opened, module.name]
                          : opened.filter((one) => one !== module.name),
                      )
                    }
                  />
                ))}
              </div>
            </fieldset>
            <fieldset className={styles.group}>
              <legend>Rows: all of these modules, unless bounded here</legend>
              <div className={styles.form}>
                {bounds.map((bound, index) => (
                  <BoundFields
                    key={index}
                    bound={bound}
                    taken={bounds.map((one) => one.dimension)}
                    onChange={(next) => setBounds(bounds.map((one, at) => (at === index ? next : one)))}
                    onRemove={() => setBounds(bounds.filter((_, at) => at !== index))}
                  />
                ))}
                <div>
                  <Word onClick={() => setBounds([...bounds, { dimension: "", values: [] }])}>Add a bound</Word>
                </div>
              </div>
            </fieldset>
          </>
        ) : null}
        <Select
          label="Names and addresses of persons"
          data={PERSONS}
          value={persons}
          allowDeselect={false}
          onChange={(value) => setPersons(value ?? "role")}
        />
        {useful ? null : <Banner tone="neutral">Without a module there is nothing to see after signing in.</Banner>}
        {save.error ? <Failed error={save.error} /> : null}
        <div className={styles.foot}>
          <Button type="submit" loading={save.isPending} disabled={!person && !name.trim()}>
            {person ? "Save" : "Invite"}
          </Button>
          <span className={styles.effect}>
            {person
              ? "Holds from the next request on."
              : mailed
                ? "Sends a link by which the password is chosen."
                : "Makes a link by which the password is chosen."}
          </span>
        </div>
      </form>
      {person ? <Existing person={person} mail={mail} onLink={onLink} onClose={onClose} /> : null}
    </div>
  );
}

interface BoundProps {
  bound: Bound;
  taken: string[];
  onChange: (bound: Bound) => void;
  onRemove: () => void;
}

function BoundFields({ bound, taken, onChange, onRemove }: BoundProps) {
  const { data: dimensions } = useSuspenseQuery(dimensionsQuery);
  const [search, setSearch] = useState("");
  const values = useQuery({
    queryKey: ["values", bound.dimension, search],
    queryFn: ({ signal }) => calls.getValues(bound.dimension, search, signal),
    enabled: bound.dimension !== "",
  });
  const labels = dimensions.find((one) => one.name === bound.dimension)?.labels ?? [];
  const found = (values.data ?? [])
    .map((one) => (typeof one.value === "number" ? (labels[one.value] ?? String(one.value)) : one.value))
    .filter((one): one is string => typeof one === "string");
  return (
    <div className={styles.bound}>
      <Select
        label="By"
        placeholder="Choose"
        searchable
        data={dimensions
          .filter((one) => one.name === bound.dimension || !taken.includes(one.name))
          .map((one) => ({ value: one.name, label: one.title }))}
        value={bound.dimension || null}
        onChange={(value) => onChange({ dimension: value ?? "", values: [] })}
      />
      <TagsInput
        label="Only"
        placeholder={bound.values.length ? "" : "Values"}
        data={[...new Set(found)]}
        value={bound.values}
        disabled={!bound.dimension}
        searchValue={search}
        onSearchChange={setSearch}
        onChange={(chosen) => onChange({ ...bound, values: chosen })}
      />
      <Word aria-label={`Remove the bound ${bound.dimension}`} onClick={onRemove}>
        Remove
      </Word>
    </div>
  );
}

function Existing({ person, mail, onLink, onClose }: Props & { person: Person; mail: boolean }) {
  const client = useQueryClient();
  const sessions = useQuery(sessionsQuery(person.id));
  const [sure, setSure] = useState(false);
  const self = currentUser()?.name === person.name;
  const act = useMutation({
    mutationFn: (what: () => Promise<unknown>) => what(),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: usersQuery.queryKey }),
        client.invalidateQueries({ queryKey: sessionsQuery(person.id).queryKey }),
      ]),
  });
  const remove = useMutation({
    mutationFn: () => calls.removeUser(person.id),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
  });
  const off = person.state === "off";
  return (
    <>
      <section className={styles.section} aria-label="Sessions of this user">
        <h3>Sessions</h3>
        {sessions.data ? (
          <SessionList
            sessions={sessions.data}
            busy={act.isPending}
            onEnd={(session) => act.mutate(() => calls.endSessionOf(person.id, session.id))}
          />
        ) : sessions.error ? (
          <Failed error={sessions.error} />
        ) : (
          <Skeleton height={40} />
        )}
        {!self && (sessions.data?.length ?? 0) > 1 ? (
          <div>
            <Word onClick={() => act.mutate(() => calls.endSessionsOf(person.id))}>End all of them</Word>
          </div>
        ) : null}
      </section>
      <section className={styles.section} aria-label="The way in">
        <h3>The way in</h3>
        <div className={styles.foot}>
          <Button
            variant="default"
            disabled={off}
            onClick={() => act.mutate(async () => onLink(await calls.makeLink(person.id, false)))}
          >
            {person.state === "invited" ? "New invitation link" : "Link for another password"}
          </Button>
          {mail && person.email && !off ? (
            <Word onClick={() => act.mutate(async () => onLink(await calls.makeLink(person.id, true)))}>
              Send it by mail
            </Word>
          ) : null}
          {person.factor ? (
            <Word onClick={() => act.mutate(() => calls.dropFactor(person.id))}>Take away the second factor</Word>
          ) : null}
        </div>
        {mail ? null : (
          <p className={styles.effect}>
            Links are shown here, to be handed over: no mail is sent, as the settings name no mail server (mail.host).
          </p>
        )}
      </section>
      <section className={styles.section} aria-label="The way out">
        <h3>The way out</h3>
        <div className={styles.foot}>
          <Button
            variant="default"
            onClick={() => act.mutate(() => calls.changeUser(person.id, { active: off }))}
          >
            {off ? "Let in again" : "Switch off"}
          </Button>
          {sure ? (
            <>
              <Button
                color="red"
                variant="outline"
                loading={remove.isPending}
                onClick={() => remove.mutate()}
              >
                Remove {person.name} for good
              </Button>
              <Word onClick={() => setSure(false)}>Cancel</Word>
            </>
          ) : (
            <Word onClick={() => setSure(true)}>Remove</Word>
          )}
        </div>
        <p className={styles.effect}>
          {off
            ? "Signing in is refused; keys of this user do not work."
            : "Switching off ends the sessions and stops the keys of this user; removing deletes both. What was done stays in the log."}
        </p>
        {(act.error ?? remove.error) ? <Failed error={act.error ?? remove.error} /> : null}
      </section>
    </>
  );
}
