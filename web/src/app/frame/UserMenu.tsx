/** Who is signed in, the colour scheme, and the way out. */
import { Popover, SegmentedControl, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { currentUser, signOut } from "@/api/session";
import styles from "@/app/frame/frame.module.css";
import { PageLink } from "@/ui/PageLink";
import { Popup } from "@/ui/Popup";

const SCHEMES = [
  { value: "auto", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function UserMenu() {
  const [open, setOpen] = useState(false);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const client = useQueryClient();
  const user = currentUser();
  return (
    <Popup opened={open} onChange={setOpen} position="top-start">
      <Popover.Target>
        <button
          type="button"
          className={styles.user}
          onClick={() => setOpen(!open)}
          aria-label={`User menu: ${user?.name ?? ""}`}
        >
          {user?.name ?? "User"}
          <small>{SCHEMES.find((scheme) => scheme.value === colorScheme)?.label.toLowerCase()} colours</small>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={styles.popover}>
          <div>
            <strong>{user?.name}</strong>
            <div className={styles.label}>{user?.role}</div>
          </div>
          <div>
            <div className={styles.label} id="scheme">
              Colours
            </div>
            <SegmentedControl
              size="xs"
              aria-labelledby="scheme"
              data={SCHEMES}
              value={colorScheme}
              onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}
            />
          </div>
          <PageLink path="/profile" className={styles.choice} onClick={() => setOpen(false)}>
            Your profile
          </PageLink>
          <button
            type="button"
            className={styles.choice}
            onClick={() => {
              void signOut().then(() => {
                client.clear();
                return navigate({ to: "/sign-in", search: {} });
              });
            }}
          >
            Sign out
          </button>
        </div>
      </Popover.Dropdown>
    </Popup>
  );
}
