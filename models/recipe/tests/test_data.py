import json
import pickle

import numpy as np
import pytest
from PIL import Image, ImageCms

from budgetnet import data
from budgetnet.data import CIFAR10_CLASSES, Images, load, load_test, split_holdout, statistics


def test_image_folders_are_read_by_class(folder):
    images = load(folder, "train")
    assert images.pixels.shape == (80, 32, 32, 3) and images.pixels.dtype == np.uint8
    assert images.classes == ["cold", "warm"]
    assert np.bincount(images.labels).tolist() == [40, 40]


def test_images_of_another_size_are_resized(folder):
    Image.new("RGB", (50, 40)).save(folder / "train" / "cold" / "large.jpg")
    assert load(folder, "train", size=64).pixels.shape == (81, 64, 64, 3)


def test_photos_are_read_as_workers_read_them(folder):
    """Upright by EXIF, and on white where they are transparent."""
    place = folder / "train" / "warm"
    upside_down = np.zeros((32, 32, 3), np.uint8)
    upside_down[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # turn by 180 degrees
    Image.fromarray(upside_down).save(place / "zz-turned.png", exif=exif)
    Image.new("RGBA", (32, 32), (255, 0, 0, 0)).save(place / "zzz-clear.png")
    *_, turned, clear = load(folder, "train").pixels
    assert turned[0].max() == 0 and turned[31].min() == 255
    assert clear.min() == 255


def test_grey_images_of_16_bits_keep_their_greys(folder):
    Image.fromarray(np.full((32, 32), 0x80FF, np.uint16)).save(folder / "train" / "warm" / "zz.png")
    assert np.unique(load(folder, "train").pixels[-1]) == 0x80


def test_an_embedded_profile_is_followed_and_a_broken_one_ignored(folder):
    """In one profile here, red and blue are swapped."""
    place, red = folder / "train" / "warm", Image.new("RGB", (32, 32), (255, 0, 0))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    for name, profile in (("zx", turned), ("zy", srgb), ("zz", b"no profile")):
        red.save(place / f"{name}.png", icc_profile=profile)
    blue, *reds = load(folder, "train").pixels[-3:].astype(int)
    assert np.abs(blue - (0, 0, 255)).max() <= 2
    for image in reds:
        assert np.abs(image - (255, 0, 0)).max() <= 2
    Image.new("L", (32, 32), 99).save(place / "zzz.png", icc_profile=srgb)  # a colour profile on a grey image
    assert (load(folder, "train").pixels[-1] == 99).all()


def test_hidden_folders_are_no_classes_and_other_files_no_images(folder, capsys):
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / "cold" / "notes.txt").write_text("not an image")
    (folder / "train" / "cold" / "._0.png").write_bytes(b"what macOS puts beside 0.png")
    images = load(folder, "train")
    assert images.classes == ["cold", "warm"] and len(images.labels) == 80
    assert "Left out: 1 files that are none of .jpeg, .jpg, .png, .webp, such as" in capsys.readouterr().err


def test_broken_images_are_named(folder):
    for number in range(21):
        (folder / "train" / "cold" / f"broken-{number:02}.png").write_bytes(b"not a PNG")
    with pytest.raises(
        ValueError, match="broken-00.png: not a readable image.*\n(.*\n){18}.*broken-19.png.*\nand 1 more"
    ):
        load(folder, "train")


def test_photos_are_read_small_and_progress_is_reported(folder, monkeypatch, capsys):
    monkeypatch.setattr(data, "SAID_EVERY", 40)
    left = np.zeros((1600, 2400, 3), np.uint8)
    left[:, :1200] = (200, 30, 60)
    Image.fromarray(left).save(folder / "train" / "warm" / "zz.jpg", quality=95)
    photo = load(folder, "train").pixels[-1].astype(int)
    assert np.abs(photo[:, :14] - (200, 30, 60)).max() <= 4 and photo[:, 18:].max() <= 4
    assert "Read 40 of 81 images\nRead 80 of 81 images\n" in capsys.readouterr().err


def test_a_class_may_be_called_train(folder):
    (folder / "train").rename(folder / "inner")
    (folder / "inner" / "warm").rename(folder / "inner" / "train")
    assert load(folder / "inner", "train").classes == ["cold", "train"]


def test_inks_without_a_profile_are_refused(folder):
    Image.new("CMYK", (32, 32), (99, 0, 0, 0)).save(folder / "train" / "warm" / "inks.jpg")
    with pytest.raises(ValueError, match="inks.jpg: .*CMYK without a profile"):
        load(folder, "train")


def test_folders_without_images_are_refused(tmp_path):
    for name in ("cold", "warm"):
        (tmp_path / "train" / name).mkdir(parents=True)
    with pytest.raises(ValueError, match="no images in 2 folders"):
        load(tmp_path, "train")


def test_test_images_of_other_classes_are_refused(folder):
    assert len(load_test(folder, ["cold", "warm"]).labels) == 10
    (folder / "test" / "cold").rename(folder / "test" / "cool")
    with pytest.raises(ValueError, match="expected those of train: cold, warm"):
        load_test(folder, ["cold", "warm"])


def planes(count):
    """Rows as in CIFAR's archives: the planes of red, green and blue one after the other."""
    return (np.arange(count * 3072) % 251).astype(np.uint8).reshape(count, 3072)


def test_official_archive_of_cifar_10(tmp_path):
    for number in range(1, 6):
        (tmp_path / f"data_batch_{number}").write_bytes(
            pickle.dumps({b"data": planes(2), b"labels": [number, 0]}, protocol=2)
        )
    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"data": planes(2), b"labels": [3, 7]}, protocol=2))
    train, test = load(tmp_path, "train"), load(tmp_path, "test")
    assert train.labels.tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0] and test.labels.tolist() == [3, 7]
    assert test.classes == CIFAR10_CLASSES
    assert test.pixels[0, 0, 1].tolist() == [1, (1024 + 1) % 251, (2048 + 1) % 251]
    assert test.pixels[1, 31, 31, 2] == planes(2)[1, 3071]


def test_official_archive_of_cifar_100(tmp_path):
    (tmp_path / "meta").write_bytes(pickle.dumps({b"fine_label_names": [b"apple", b"bear"]}, protocol=2))
    (tmp_path / "test").write_bytes(
        pickle.dumps({b"data": planes(3), b"fine_labels": [1, 0, 1], b"coarse_labels": [0] * 3}, protocol=2)
    )
    images = load(tmp_path, "test")
    assert images.labels.tolist() == [1, 0, 1] and images.classes == ["apple", "bear"]
    assert images.pixels.shape == (3, 32, 32, 3)


def test_sprites(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1024, 3), np.uint8)  # one row per image
    Image.fromarray(pixels).save(tmp_path / "test_batch.png")
    (tmp_path / "test_lables.json").write_text(json.dumps([9, 8, 7, 6]))
    images = load(tmp_path, "test")
    assert images.labels.tolist() == [9, 8, 7, 6] and images.classes == CIFAR10_CLASSES
    assert (images.pixels.reshape(4, 1024, 3) == pixels).all()


def test_lossless_strips(tmp_path):
    (tmp_path / "test").mkdir()
    for label, name in enumerate(("apple", "bear")):
        strip = np.full((64, 32, 3), 100 * label, np.uint8)
        Image.fromarray(strip).save(tmp_path / "test" / f"{label:02d}-{name}.webp", lossless=True)
    images = load(tmp_path, "test")
    assert images.labels.tolist() == [0, 0, 1, 1] and images.classes == ["apple", "bear"]
    assert images.pixels[3].max() == 100
    with pytest.raises(ValueError, match="images of 32 pixels; expected size 64"):
        load(tmp_path, "test", size=64)


def test_statistics_by_colour():
    pixels = np.random.default_rng(0).integers(0, 256, (1003, 4, 4, 3), np.uint8)
    mean, deviation = statistics(pixels)
    scaled = pixels.reshape(-1, 3) / 255
    assert np.allclose(mean, scaled.mean(0), rtol=1e-9) and np.allclose(deviation, scaled.std(0), rtol=1e-9)


def test_an_unknown_folder_is_refused_and_the_message_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match="expected CIFAR's python archive"):
        load(tmp_path, "train")


def numbered(per_class, classes):
    """Images that hold their own number, up to 255."""
    count = per_class * len(classes)
    pixels = np.arange(count).astype(np.uint8).repeat(12).reshape(count, 2, 2, 3)
    return Images(pixels, np.arange(count) % len(classes), classes)


def numbers(images):
    return images.pixels[:, 0, 0, 0].tolist()


def test_the_held_out_split_is_a_tenth_of_each_class_and_always_the_same():
    train = numbered(60, ["a", "b", "c"])
    learn, held = split_holdout(train)
    assert np.bincount(held.labels).tolist() == [6, 6, 6]
    assert sorted(numbers(learn) + numbers(held)) == list(range(180))
    assert numbers(held) == numbers(split_holdout(train)[1])
    assert numbers(held)[:6] == [2, 9, 26, 36, 62, 86]  # by HOLDOUT_SEED: published models depend on it


def test_no_test_image_is_read_for_training(folder):
    before = load(folder, "train").pixels
    for file in (folder / "test").glob("*/*"):
        file.write_bytes(b"unreadable")
    assert (load(folder, "train").pixels == before).all()


def test_classes_with_too_few_images_are_refused():
    with pytest.raises(ValueError, match="class a: 9 training images; expected at least 10"):
        split_holdout(numbered(9, ["a", "b"]))


def test_photos_are_resized_by_lanczos(folder):
    large = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8))
    large.save(folder / "train" / "warm" / "zz.png")
    assert (load(folder, "train").pixels[-1] == np.asarray(large.resize((32, 32), Image.Resampling.LANCZOS))).all()
