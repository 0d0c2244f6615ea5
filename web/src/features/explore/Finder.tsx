/** A list to choose from, searched by name and by meaning; what cannot go with the rest says why. */
import { Popover, TextInput } from "@mantine/core";
import { useState } from "react";
import styles from "@/features/explore/explore.module.css";
import { find, type Findable } from "@/lib/find";
import { Word } from "@/ui/Parts";
import { Popup } from "@/ui/Popup";

export interface Choice extends Findable {
  name: string;
  group?: string;
  /** Small words below the title. */
  hint: string;
  /** Why it cannot be chosen. */
  blocked?: string | undefined;
}

interface Props {
  label: string;
  placeholder: string;
  choices: Choice[];
  chosen: string[];
  many: boolean;
  onChange: (names: string[]) => void;
  none: string;
}

export function Finder({ label, placeholder, choices, chosen, many, onChange, none }: Props) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const found = find(choices, text);
  const toggle = (name: string) => {
    if (chosen.includes(name)) onChange(chosen.filter((one) => one !== name));
    else onChange(many ? [...chosen, name] : [name]);
    if (!many) setOpen(false);
  };
  const titleOf = (name: string) => choices.find((choice) => choice.name === name)?.title ?? name;
  return (
    <div className={styles.field} role="group" aria-label={label}>
      <div className={styles.fieldHead}>
        <span>{label}</span>
        <Popup opened={open} onChange={setOpen} position="bottom-start">
          <Popover.Target>
            <Word onClick={() => setOpen(!open)} aria-label={`Choose: ${label}`}>
              {chosen.length && !many ? "Change" : "Add"}
            </Word>
          </Popover.Target>
          <Popover.Dropdown>
            <div className={styles.finder}>
              <TextInput
                data-autofocus
                placeholder={placeholder}
                aria-label={placeholder}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
                onKeyDown={(event) => {
                  const first = found.find((choice) => !choice.blocked);
                  if (event.key === "Enter" && text && first) toggle(first.name);
                }}
              />
              <ul className={styles.found}>
                {found.map((choice, index) => (
                  <li key={choice.name}>
                    {choice.group && !text && choice.group !== found[index - 1]?.group ? (
                      <div className={styles.group}>{choice.group}</div>
                    ) : null}
                    <button
                      type="button"
                      role="checkbox"
                      aria-checked={chosen.includes(choice.name)}
                      disabled={choice.blocked !== undefined && !chosen.includes(choice.name)}
                      className={styles.item}
                      onClick={() => toggle(choice.name)}
                    >
                      {choice.title}
                      <small>{choice.blocked ?? choice.hint}</small>
                    </button>
                  </li>
                ))}
                {found.length ? null : <li className={styles.none}>Nothing is called that, or means it.</li>}
              </ul>
            </div>
          </Popover.Dropdown>
        </Popup>
      </div>
      {chosen.length ? (
        <ul className={styles.chosen}>
          {chosen.map((name) => (
            <li key={name}>
              {titleOf(name)}
              <button type="button" aria-label={`Remove ${titleOf(name)}`} onClick={() => toggle(name)}>
                ×
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <span className={styles.none}>{none}</span>
      )}
    </div>
  );
}
