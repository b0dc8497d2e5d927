"""What compare and scaling share: running a program that prints one line of JSON, and printing tables."""
import contextlib
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
TRAIN_STEP = BENCH.parent / "build" / "bench" / "train_step"


# What there is to compare on a GPU.
GPU_MODELS = ["vit_tiny_patch16_224", "vit_small_patch16_224", "vit_base_patch16_224", "vit_large_patch16_224",
              "resnet18_cifar"]


# One model a family, for pictures as they were published.
ZOO = ["vit_tiny_patch16_224", "vit5_small_patch16_224", "swin_tiny_patch4_window7_224", "pvt_tiny", "pvt_v2_b1", "cvt_13",
       "coat_tiny", "coat_lite_tiny", "ceit_tiny_patch16_224", "cct_14_7x2_224", "botnet26t_256", "resnet18"]


# glibc's malloc gives large blocks back to the system after each step, and page faults then cost PyTorch time.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 36), "MALLOC_TOP_PAD_": str(1 << 26)}


class Failed(Exception):
    """A program that could not be run, or that failed; the message is its own."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def end_group(process):
    """Kills the process and what it started. False where it does not end, as one does not that a driver holds."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        return False
    return True


def communicate(process, seconds):
    """What the process says on standard output and error; it and what it started end here, whatever happens."""
    try:
        return process.communicate(timeout=seconds)
    except BaseException:
        end_group(process)
        raise


def run(command, environment=None, seconds=None):
    """What the command prints. `seconds`: when it is cut off."""
    command = [str(word) for word in command]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **(environment or {})}, start_new_session=True)
        out, error = communicate(process, seconds)
    except OSError as failure:
        raise Failed(f"{command[0]} cannot be run: {failure.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"cut off after {seconds:.0f} s") from None
    if process.returncode == 0:
        return out
    said = error.strip().splitlines() or out.strip().splitlines()
    raise Failed(said[-1] if said else f"{command[0]} ended with status {process.returncode} and no message")


def measure(program, settings, environment=None, seconds=None):
    """The line of JSON of a program that takes settings as train_step does: {"batch": 64} is --batch 64, True is a flag
    alone, and None is left out."""
    flags = []
    for name, value in settings.items():
        if value is True:
            flags.append(f"--{name}")
        elif value is not None and value is not False:
            flags += [f"--{name}", value]
    try:
        return json.loads(run([*program, *flags], environment, seconds))
    except json.JSONDecodeError:
        raise Failed(f"{program[-1]} printed something else than a line of JSON") from None


# Fields that say whether both sides made the same step.
SAME = ["image_size", "dropout", "threads", "parameters", "decayed_parameters", "gflop_per_step"]


def check_same(vitro, pytorch):
    for field in SAME:
        a, b = vitro[field], pytorch[field]
        if None not in (a, b) and a != b and not (isinstance(a, float) and abs(a - b) <= 1e-4 * abs(b)):
            raise Failed(f"the two sides did not make the same step: {field} is {a} in vitro and {b} in PyTorch")


# What the vendor says a GPU reaches, in FLOP/s: products of dense bf16 on its tensor cores, and plain f32.
GPU_PEAKS = {
    "H200": {"bf16": 989.4e12, "f32": 66.9e12},
    "H100 PCIe": {"bf16": 756e12, "f32": 51.2e12},
    "H100": {"bf16": 989.4e12, "f32": 66.9e12},
    "A100": {"bf16": 312e12, "f32": 19.5e12},
}


def model_flops_utilization(line, device_name):
    """The share of that which a measured step makes use of; None for a GPU that is not in the table."""
    for name, peaks in GPU_PEAKS.items():
        if name in device_name:
            return 1e9 * line["gflops"] / peaks[line["precision"]]
    return None


def print_table(head, rows):
    """Aligned columns, as Markdown."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def counting_number(text):
    """For argparse: a whole number above 0."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def usable_cores():
    return len(os.sched_getaffinity(0))


def cpu_name():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
