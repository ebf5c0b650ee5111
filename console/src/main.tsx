import "@/theme/app.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SessionProvider, useSession } from "@/api/session";
import { Refused } from "@/api/client";
import { KEPT_MS } from "@/api/queries";
import { TipProvider } from "@/components/Tip";
import { ToastProvider } from "@/components/Toasts";
import { Login } from "@/frame/Login";
import { UiProvider } from "@/frame/ui";
import { LiveProvider } from "@/live/live";
import { SettingsProvider } from "@/settings/settings";
import { router } from "./router";

const RETRIES_MAX = 3;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      gcTime: KEPT_MS,
      refetchOnWindowFocus: false,
      // A refusal stays a refusal; only silence and trouble at the other end are worth another try.
      retry: (count, error) => count < RETRIES_MAX && !(error instanceof Refused && error.status >= 400 && error.status < 500),
    },
  },
});

function Door() {
  const { standing } = useSession();
  if (standing.state !== "in") return <Login />;
  return (
    <LiveProvider>
      <UiProvider>
        <RouterProvider router={router} />
      </UiProvider>
    </LiveProvider>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("the page has no place for the console");
createRoot(root).render(
  <StrictMode>
    <SettingsProvider>
      <QueryClientProvider client={queries}>
        <TipProvider>
          <ToastProvider>
            <SessionProvider>
              <Door />
            </SessionProvider>
          </ToastProvider>
        </TipProvider>
      </QueryClientProvider>
    </SettingsProvider>
  </StrictMode>,
);
