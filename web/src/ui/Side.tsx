/** A drawer over the page: what belongs to it but is read beside it. */
import { Drawer } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";
import styles from "@/ui/ui.module.css";

interface Props {
  title: string;
  side: "left" | "right";
  size: number;
  closeLabel: string;
  onClose: () => void;
  children: ReactNode;
}

export function Side({ title, side, size, closeLabel, onClose, children }: Props) {
  // It is there only while it is open, so it gives the focus back itself.
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    },
    [opener],
  );
  return (
    <Drawer.Root opened onClose={onClose} position={side} size={size}>
      <Drawer.Overlay />
      <Drawer.Content>
        <div className={styles.sideHead}>
          <Drawer.Title>{title}</Drawer.Title>
          <Drawer.CloseButton aria-label={closeLabel} />
        </div>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
