/** A popover that takes the focus and gives it back. Escape closes it also before the focus is in it. */
import { Popover, type PopoverProps } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";

type PopupProps = Omit<PopoverProps, "opened" | "onChange" | "trapFocus" | "returnFocus"> & {
  opened: boolean;
  onChange: (opened: boolean) => void;
};

export function Popup({ opened, onChange, ...rest }: PopupProps) {
  useWindowEvent("keydown", (event) => {
    if (event.key === "Escape" && opened && !document.activeElement?.closest("[role=dialog]")) onChange(false);
  });
  return <Popover opened={opened} onChange={onChange} trapFocus returnFocus {...rest} />;
}
