/* The same small application on the vendor's SDK: a driver with the words that app.js uses. */
"use strict";

const connect = async () => {
    const $b24 = await B24Js.initializeB24Frame();
    const call = async (method, params) => {
        const answer = await $b24.actions.v2.call.make({ method, params });
        if (!answer.isSuccess) throw new Error(answer.getErrorMessages().join("; "));
        return answer.getData().result;
    };
    return {
        call,
        batch: async (calls) => {
            const answer = await $b24.actions.v2.batch.make({ calls, options: { isHaltOnError: false, returnAjaxResult: true } });
            return Object.fromEntries(Object.entries(answer.getData()).map(([key, one]) => [key, one.isSuccess ? one.getData().result : one.getErrorMessages().join()]));
        },
        listAll: async (params) => {
            const answer = await $b24.actions.v2.callList.make({ method: "crm.item.list", params, idKey: "id", customKeyForResult: "items" });
            if (!answer.isSuccess) throw new Error(answer.getErrorMessages().join("; "));
            return answer.getData();
        },
        about: () => ({
            placement: $b24.placement.placement,
            options: $b24.placement.options,
            isAdmin: $b24.auth.isAdmin,
            lang: $b24.getLang(),
            origin: $b24.getTargetOrigin(),
            isInstalling: $b24.isInstallMode,
        }),
        refresh: async () => Boolean((await $b24.auth.refreshAuth()).access_token),
        setOption: (name, value) => $b24.options.appSet(name, value),
        resize: (width, height) => $b24.parent.resizeWindow(width, height),
        setTitle: (title) => $b24.parent.setTitle(title),
        inPlace: (command, params) => $b24.placement.call(command, params),
        commands: async () => (await $b24.placement.getInterface()).command,
        finish: () => $b24.installFinish(),
    };
};
