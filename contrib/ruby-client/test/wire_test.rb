# frozen_string_literal: true

# Frames and msgpack. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class WireTest < HdaTest
  W = Hda::Wire
  # From the specification of msgpack, by hand: what pack must write.
  GOLDEN = {
    nil => "c0", true => "c3", false => "c2", 0 => "00", 127 => "7f", 128 => "cf0000000000000080", -1 => "d3ffffffffffffffff",
    1.5 => "cb3ff8000000000000", "abc" => "a3616263", [] => "90", [1, [2]] => "920191" + "02", { "a" => 1 } => "81a16101"
  }.freeze
  # Shorter forms, that the daemon may write: what unpack must read.
  FOREIGN = {
    "cc80" => 128, "cd0100" => 256, "ce00010000" => 65_536, "d0ff" => -1, "d1ff00" => -256, "d2ffff0000" => -65_536, "ff" => -1,
    "e0" => -32, "ca3fc00000" => 1.5, "d90161" => "a", "da000161" => "a", "db0000000161" => "a", "dc000107" => [7],
    "dd0000000107" => [7], "de0001a16107" => { "a" => 7 }, "df00000001a16107" => { "a" => 7 }
  }.freeze

  def test_golden_bytes
    GOLDEN.each { |v, hex| assert_equal hex, W.pack(v).unpack1("H*"), v.inspect }
  end

  def test_foreign_forms
    FOREIGN.each { |hex, v| assert_equal [v, hex.size / 2], W.unpack([hex].pack("H*"), 0), hex }
  end

  def test_round_trips_at_the_edges
    ints = [7, 8, 15, 16, 31, 32, 63].flat_map { |b| [(1 << b) - 1, 1 << b, -(1 << b)] } + [(1 << 64) - 1, -32, -33]
    texts = [0, 1, 31, 32, 255, 256, 65_535, 65_536].map { |n| "x" * n } + ["Größe ☃"]
    lists = [0, 15, 16, 65_535, 65_536].map { |n| Array.new(n, 1) }
    maps = [0, 15, 16, 65_536].map { |n| (0...n).to_h { |i| [i.to_s, i] } }
    (ints + texts + lists + maps + [0.0, -1e300, 5e-324]).each do |v|
      packed = W.pack(v)
      got, at = W.unpack(packed, 0)
      assert_equal packed.bytesize, at
      assert v == got, "#{v.inspect[0, 60]} came back as #{got.inspect[0, 60]}"
    end
  end

  def random(rng, depth = 0)
    case rng.rand(depth > 3 ? 6 : 8)
    when 0 then nil
    when 1 then rng.rand(2) == 0
    when 2 then rng.rand(1 << rng.rand(1..64))
    when 3 then -rng.rand(1 << rng.rand(1..63))
    when 4 then rng.rand * 1e9
    when 5 then (0...rng.rand(300)).map { (32 + rng.rand(90)).chr }.join
    when 6 then Array.new(rng.rand(20)) { random(rng, depth + 1) }
    else (0...rng.rand(20)).to_h { |i| ["k#{i}", random(rng, depth + 1)] }
    end
  end

  def test_random_values_and_every_cut
    rng = Random.new(Minitest.seed)
    200.times do
      v = random(rng)
      s = W.pack(v)
      assert_equal [v, s.bytesize], W.unpack(s, 0)
      cut = rng.rand(s.bytesize)
      assert_raises(W::Error, "cut at #{cut} of #{s.bytesize}") { W.unpack(s.byteslice(0, cut), 0) }
    end
  end

  def test_random_bytes_raise_nothing_else
    rng = Random.new(Minitest.seed)
    2000.times do
      begin
        W.unpack(rng.bytes(rng.rand(1..64)), 0)
      rescue W::Error
        next
      end
    end
    assert_raises(W::Error) { W.unpack(["ddffffffff"].pack("H*"), 0) }
    assert_raises(W::Error) { W.unpack(["dfffffffff"].pack("H*"), 0) }
    assert_raises(W::Error, "too deep") { W.unpack("\x91".b * 100_000, 0) }
  end

  def test_a_frame_in_single_bytes
    a, b = UNIXSocket.pair
    bytes = W.frame(W::LATER, 3, "retry_ms" => 250)
    writer = Thread.new { bytes.each_char { |c| a.write(c) } }
    assert_equal [W::LATER, { "retry_ms" => 250 }], W.read_frame(b, mono + 5)
    writer.join
  end

  # The hda thread waits for the VM's lock beside busy threads: it may look after its deadline at what came before.
  def test_an_answer_that_came_in_time_is_read_after_the_deadline
    a, b = UNIXSocket.pair
    a.write(W.frame(W::GO, 1, "lease" => 1))
    assert_equal [W::GO, { "lease" => 1 }], W.read_frame(b, mono - 1)
  end

  def test_frames_that_are_refused
    { "too long" => [W::BODY_MAX + 1, 2, 0, 0, 0].pack("VCCvV"), "no map" => W.frame(2, 0, {})[0, 12] << "\x01" }.each do |why, bytes|
      bytes = [1, 2, 0, 0, 0].pack("VCCvV") << "\x01" if why == "no map"
      a, b = UNIXSocket.pair
      a.write(bytes)
      assert_raises(W::Error, why) { W.read_frame(b, mono + 5) }
    end
  end

  def test_silence_and_goodbye
    a, b = UNIXSocket.pair
    t = mono
    assert_raises(W::Error) { W.read_frame(b, mono + 0.1) }
    assert_operator mono - t, :>=, 0.1
    a.close
    assert_raises(EOFError) { W.read_frame(b, mono + 5) }
  end
end
