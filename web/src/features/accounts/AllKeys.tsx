/** For administrators: the keys of everybody. */
import { KeysPane } from "@/features/accounts/Keys";
import { PageLink } from "@/ui/PageLink";
import { Page } from "@/ui/Parts";

export function AllKeys() {
  return (
    <Page title="Keys of programs" purpose="Which programs come in, as whom, and when they last did.">
      <KeysPane all />
      <p>
        Everybody makes keys in <PageLink path="/profile">their own profile</PageLink>.
      </p>
    </Page>
  );
}
