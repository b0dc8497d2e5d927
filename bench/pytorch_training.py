#!/usr/bin/env python3
"""The training that the program `training` wrote the beginning of, in PyTorch 2: the same line of JSON."""
import argparse
import json
import os
import pathlib

import pytorch_step
import torch
import torch.nn.functional as F

# As vitro normalises CIFAR-10's pictures, to the last bit: a factor and a summand for each channel.
MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).reshape(3, 1, 1)
STD = torch.tensor([0.2470, 0.2435, 0.2616]).reshape(3, 1, 1)
SCALE, SHIFT = 1 / (255 * STD), -MEAN / STD
TEST_BATCH = 250


class Pictures:
    def __init__(self, folder, part):
        self.images = pytorch_step.read_npy(folder / f"{part}_images.npy")
        self.labels = pytorch_step.read_npy(folder / f"{part}_labels.npy")

    def __getitem__(self, which):
        return self.images[which].float() * SCALE + SHIFT, self.labels[which]

    def __len__(self):
        return len(self.labels)


def accuracy(model, pictures):
    model.eval()
    correct = 0
    with torch.inference_mode():
        for which in torch.arange(len(pictures)).split(TEST_BATCH):
            images, labels = pictures[which]
            correct += (model(images).argmax(1) == labels).sum().item()
    return correct / len(pictures)


def train(model, order, epochs, train_pictures, test_pictures, lr):
    """The loss of every step, and the accuracy of the test after each epoch."""
    optimizer = pytorch_step.make_optimizer(model, lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(order))
    losses, accuracies = [], []
    for steps in order.chunk(epochs):
        model.train()
        for which in steps:
            images, labels = train_pictures[which]
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        accuracies.append(accuracy(model, test_pictures))
    return losses, accuracies


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", default="vit_nano_patch4_32", help="a name of the zoo (vit_nano_patch4_32)")
    add("--start", type=pathlib.Path, metavar="DIR", required=True, help="the folder that training wrote")
    add("--epochs", type=int, default=5, help="in which the order goes through all pictures (5)")
    add("--lr", type=float, default=1e-3, help="the first learning rate of AdamW (0.001)")
    add("--threads", type=int, default=0, help="0: one for each core that the program may use (0)")
    options = parser.parse_args()
    # What pytorch_step builds its models by.
    vars(options).update(depth=None, image_size=None, dropout=False, device="cpu", variant="eager")
    return options


def main():
    options = parse_options()
    torch.set_num_threads(options.threads or len(os.sched_getaffinity(0)))
    model, _ = pytorch_step.build(options)
    pytorch_step.load_weights(model, options.start)
    order = pytorch_step.read_npy(options.start / "order.npy")
    parts = [Pictures(options.start, part) for part in ("train", "test")]
    losses, accuracies = train(model, order, options.epochs, *parts, options.lr)
    fields = {"model": options.model, "parameters": sum(p.numel() for p in model.parameters()),
              "batch": order.shape[1], "epochs": options.epochs, "steps": len(losses), "losses": losses,
              "accuracies": accuracies, "torch": torch.__version__}
    print(json.dumps(fields))


if __name__ == "__main__":
    main()
