// OpenAI's images API as its Node SDK speaks it.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ apiKey: "anything", baseURL: `http://${process.env.DANQING_ADDRESS}/v1`, maxRetries: 0 });

// 8×8 pixels: red with a grey frame.
const photo = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAJ0lEQVR4nGNsaGhgwAaYsIoyMDCwQKh6JH2NDQ34dJAuwYJsLlE6AAjkBhUM1huSAAAAAElFTkSuQmCC",
    "base64",
);

async function models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("danqing-erase"));
}

async function styles() {
    const image = await toFile(photo, "江雪.png", { type: "image/png" });
    const made = await client.images.edit({ model: "danqing-style-pencil", image, prompt: "" });
    assert.ok(Buffer.from(made.data[0].b64_json, "base64").subarray(1, 4).equals(Buffer.from("PNG")));
}

async function sampling() {
    const made = await client.images.generate({ model: "tiny.safetensors", prompt: "a cat", size: "64x64" });
    assert.equal(made.size, "64x64");
    const events = [];
    const stream = await client.images.generate({ model: "tiny.safetensors", prompt: "a cat", size: "64x64", stream: true });
    for await (const event of stream) events.push(event.type);
    assert.deepEqual(events, ["image_generation.completed"]);
}

async function errors() {
    const call = client.images.generate({ model: "danqing-erase", prompt: "a cat" });
    await assert.rejects(call, (error) => error.status === 400 && error.code === "model_not_found");
}

for (const test of [models, styles, sampling, errors]) {
    await test();
    console.log(`openai (Node): ${test.name}`);
}
