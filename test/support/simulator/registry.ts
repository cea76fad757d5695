/** Holds the apps that are registered with the simulator, and their installations. */
import { App, type AppInput } from './app.ts';
import { type Installation, type InstallationInput, installation } from './installation.ts';

export class Registry {
  readonly #apps = new Map<string, App>();
  readonly #installations: Installation[] = [];

  addApp(input: AppInput): App {
    const app = new App(input);
    this.#apps.set(app.id, app);
    return app;
  }

  addInstallation(input: InstallationInput, createdAt: string): Installation {
    const app = this.#apps.get(input.appId);
    if (app === undefined) throw new Error(`no app ${input.appId}: add it first`);
    const added = installation(input, app.appNameId, createdAt);
    this.#installations.push(added);
    return added;
  }

  app(id: string): App | undefined {
    return this.#apps.get(id);
  }

  /** Without uninstalled ones: they are gone for good. docs: Review installations. */
  installationsOf(app: App): readonly Installation[] {
    return this.#installations.filter((it) => it.appId === app.id && it.state !== 'uninstalled');
  }
}
