/** Mantine in our colours, sizes and corners. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";
import { FONT, PALETTES, variables } from "@/lib/tokens";

const accent: MantineColorsTuple = [
  "#e7f1f0",
  "#cfe4e3",
  "#9dcbc9",
  "#6fb6b3",
  PALETTES.dark.accent,
  "#1f8a88",
  PALETTES.light.accent,
  "#0a6060",
  "#085252",
  "#064343",
];

export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 4 },
  autoContrast: true,
  colors: { accent },
  fontFamily: FONT,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "22px" },
  // Nothing floats: a line around a pane is enough.
  shadows: { xs: "none", sm: "none", md: "none", lg: "none", xl: "none" },
  defaultRadius: 8,
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  components: {
    Button: {
      defaultProps: { size: "sm" },
      vars: (_theme: unknown, { variant = "filled", color }: { variant?: string; color?: string }) => {
        if (variant !== "filled") return { root: {} };
        // What cannot be undone looks like it.
        const ground = color === "red" ? "var(--bad)" : "var(--accent)";
        return {
          root: {
            "--button-bg": ground,
            "--button-hover": `color-mix(in srgb, ${ground} 88%, var(--ink))`,
            "--button-color": color === "red" ? "var(--pane)" : "var(--accent-ink)",
          },
        };
      },
    },
    Input: {
      vars: () => ({
        wrapper: { "--input-bg": "var(--pane)", "--input-bd": "var(--comparison)", "--input-color": "var(--ink)" },
      }),
    },
    InputWrapper: { styles: { label: { color: "var(--dim)", fontSize: 12.5, fontWeight: 400, marginBottom: 3 } } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", checkIconPosition: "right" } },
    Popover: {
      defaultProps: { radius: 10, transitionProps: { duration: 80 } },
      // Never wider or higher than the window, on a phone either.
      styles: { dropdown: { maxWidth: "calc(100vw - 16px)", maxHeight: "calc(100dvh - 72px)", overflow: "auto" } },
    },
    // A menu is drawn inside the page, so that all of the page lies within a landmark.
    Menu: {
      defaultProps: {
        withInitialFocusPlaceholder: false,
        portalProps: { target: "#page" },
        radius: 10,
        transitionProps: { duration: 80 },
      },
    },
    Modal: { defaultProps: { radius: 10, transitionProps: { duration: 100 } } },
    Drawer: { defaultProps: { transitionProps: { duration: 120 } } },
    Tooltip: {
      defaultProps: {
        withArrow: false,
        openDelay: 250,
        multiline: true,
        maw: 320,
        events: { hover: true, focus: true, touch: true },
      },
    },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {
    "--mantine-line-height-md": "1.5",
  },
  light: { ...variables("light"), ...MANTINE },
  dark: { ...variables("dark"), ...MANTINE },
});

const MANTINE = {
  "--mantine-color-body": "var(--pane)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--dim)",
  "--mantine-color-placeholder": "var(--dim)",
  "--mantine-color-anchor": "var(--accent)",
  "--mantine-color-default": "var(--pane)",
  "--mantine-color-default-hover": "var(--sunken)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-default-border": "var(--line)",
  "--mantine-color-error": "var(--bad)",
  "--mantine-color-disabled": "var(--sunken)",
  "--mantine-color-disabled-color": "var(--dim)",
  "--mantine-color-disabled-border": "var(--line)",
};
