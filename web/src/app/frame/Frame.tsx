/** The frame of every page behind the sign-in: rail, top bar, page, and the explanation of a number over it. */
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { ShopProvider } from "@/api/shop";
import styles from "@/app/frame/frame.module.css";
import { Rail } from "@/app/frame/Rail";
import { TopBar } from "@/app/frame/TopBar";
import { useView } from "@/lib/useView";
import { Skeleton } from "@/ui/Parts";
import { Side } from "@/ui/Side";

const Why = lazy(() => import("@/panels/Why").then((module) => ({ default: module.Why })));
const Explain = lazy(() => import("@/panels/Explain").then((module) => ({ default: module.Explain })));

export function Frame() {
  const [menu, setMenu] = useState(false);
  return (
    <ShopProvider>
      <a className={styles.skip} href="#page">
        Skip to the page
      </a>
      <div className={styles.frame}>
        <aside className={styles.rail}>
          <Rail />
        </aside>
        <div className={styles.main}>
          <TopBar onMenu={() => setMenu(true)} />
          <main id="page" tabIndex={-1} className={styles.content}>
            <Suspense fallback={<Skeleton height={320} />}>
              <Outlet />
            </Suspense>
          </main>
        </div>
      </div>
      {menu ? (
        <Side title="Pages" side="left" size={270} closeLabel="Close the menu" onClose={() => setMenu(false)}>
          <Rail onGo={() => setMenu(false)} />
        </Side>
      ) : null}
      <Explained />
    </ShopProvider>
  );
}

function Explained() {
  const { explain, why } = useView();
  if (!explain && !why) return null;
  return <Suspense>{why ? <Why metric={why} /> : <Explain metric={explain ?? ""} />}</Suspense>;
}
