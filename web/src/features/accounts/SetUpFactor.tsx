/** Where somebody stands whose role needs a second factor and who has none yet: nothing else is open to him. */
import { useNavigate } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { signOut } from "@/api/session";
import { FactorSetup } from "@/features/accounts/Factor";
import { Ground } from "@/ui/Ground";
import { Word } from "@/ui/Parts";

export function SetUpFactor() {
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <Ground title="Second factor" lead="Your role needs a second factor. Everything that is open to you opens when it is on.">
      <FactorSetup onDone={() => void navigate({ to: "/" })} />
      <div>
        <Word
          onClick={() =>
            void signOut().then(() => {
              client.clear();
              return navigate({ to: "/sign-in", search: {} });
            })
          }
        >
          Sign out
        </Word>
      </div>
    </Ground>
  );
}
