import { Button } from "@/components/Button";
import { CopyText } from "@/components/CopyText";
import { useSession } from "@/api/session";
import { Mark } from "./Sidebar";

/** What stands before the desk: who you are is asked once, by a link that works once. */
export function Login() {
  const { standing, again } = useSession();
  const silent = standing.state === "silent";
  return (
    <main className="grid min-h-screen place-items-center p-6" data-testid="login" data-state={standing.state}>
      <div className="w-[min(30rem,94vw)] rounded-lg border border-line bg-s1">
        <div className="flex h-16 items-center border-b border-line">
          <Mark narrow={false} />
        </div>
        <div className="flex flex-col gap-4 p-6">
          {standing.state === "asking" ? (
            <p className="m-0 text-text2">asking the desk who you are…</p>
          ) : (
            <>
              <h1 className="m-0 text-base font-semibold">{silent ? "The desk does not answer" : "A link opens this console"}</h1>
              <p className="m-0 text-text2" role="alert" data-testid="login-why">
                {"why" in standing ? standing.why : ""}
              </p>
              <p className="m-0 text-text2">
                {silent ? "Is it running? It is started with this, and with --home where the desk was:" : "On the machine of the desk, ask for a link that works once, with --home and its folder where the desk was started so:"}
              </p>
              <CopyText text={silent ? "flatbook api" : "flatbook token link"} prompt testid="login-command" />
              <div>
                <Button look="primary" icon="retry" onClick={() => void again()} data-testid="login-again">
                  Try again
                </Button>
              </div>
            </>
          )}
        </div>
      </div>
    </main>
  );
}
