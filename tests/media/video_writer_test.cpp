#include "oasis/media/video_writer.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include "media_fixture.h"
#include "oasis/core/error.h"

namespace oasis::media {
namespace {

class VideoWriterTest : public MediaTest {
 protected:
  static constexpr const char* kTestPicture = "-f lavfi -i testsrc2=s=64x48:r=25,format=yuv420p ";

  static std::vector<double> times(const std::string& path) {
    std::istringstream text(probe(path, "packet=pts_time", "-select_streams v:0"));
    std::vector<double> values;
    double value = 0;
    for (std::string line; std::getline(text, line);) {
      if (std::sscanf(line.c_str(), "%lf", &value) == 1) values.push_back(value);
    }
    std::sort(values.begin(), values.end());
    return values;
  }

  static void expect_same_times(const std::string& in, const std::string& out, double tick) {
    const auto before = times(in), after = times(out);
    ASSERT_EQ(before.size(), after.size()) << in;
    for (std::size_t i = 0; i < before.size(); ++i) {
      ASSERT_NEAR(before[i], after[i], tick * 1.01) << in << " frame " << i;
    }
  }

  /// Hashes of the packets' contents of a stream.
  static std::string packets(const std::string& path, const std::string& stream) {
    const std::string text =
        probe(path, "packet=data_hash", "-show_data_hash MD5 -select_streams " + stream);
    std::string hashes;
    for (std::size_t at = text.find("MD5:"); at != std::string::npos;
         at = text.find("MD5:", at + 1)) {
      hashes += text.substr(at, 36) + "\n";
    }
    EXPECT_FALSE(hashes.empty()) << path;
    return hashes;
  }

  static std::string first_time(const std::string& path, const std::string& stream) {
    const std::string all =
        probe(path, "packet=pts_time", "-read_intervals %+#1 -select_streams " + stream);
    return all.substr(0, all.find_first_of(",\n"));
  }

  /// First sound time less first picture time, in seconds.
  static double offset(const std::string& path) {
    return std::stod(first_time(path, "a:0")) - times(path).front();
  }
};

TEST_F(VideoWriterTest, KeepsTheNumberOfFrames) {
  for (int count = 1; count <= 7; ++count) {
    const std::string number = std::to_string(count);
    const std::string in =
        make(number + ".mp4", std::string(kTestPicture) + "-c:v libx264 -bf 2 -frames:v " + number);
    copy(in, at(number + "_out.mp4"), {}, 4);
    EXPECT_EQ(count_frames(at(number + "_out.mp4")), count);
    expect_same_times(in, at(number + "_out.mp4"), 1e-6);
  }
}

TEST_F(VideoWriterTest, KeepsVariableFrameTimes) {
  const std::string in =
      make("in.mkv",
           "-f lavfi -i testsrc2=s=64x48:r=50 -vf \"select='not(mod(n,3))+eq(mod(n,7),1)'\" "
           "-fps_mode passthrough -pix_fmt yuv420p -c:v libx264 -frames:v 25");
  for (const std::string out : {"out.mkv", "out.mp4", "out.mov"}) {
    copy(in, at(out));
    expect_same_times(in, at(out), 0.001);
  }
}

TEST_F(VideoWriterTest, FilmRateStaysExact) {
  const std::string in =
      make("in.mp4",
           "-f lavfi -i testsrc2=s=64x48:r=24000/1001 -pix_fmt yuv420p -c:v libx264 "
           "-frames:v 30");
  copy(in, at("out.mp4"));
  EXPECT_EQ(probe(at("out.mp4"), "stream=avg_frame_rate,duration_ts,time_base"),
            probe(in, "stream=avg_frame_rate,duration_ts,time_base"));
  copy(in, at("out.mkv"));
  EXPECT_EQ(probe(at("out.mkv"), "stream=avg_frame_rate"), "24000/1001\n");
}

TEST_F(VideoWriterTest, CopiesSoundBitByBitAndInStep) {
  const std::string in =
      make("in.mp4", std::string(kTestPicture).insert(0, "-itsoffset 0.5 ") +
                         " -f lavfi -i sine=r=48000 -c:v libx264 -bf 2 -c:a aac -t 1.5");
  for (const std::string out : {"out.mp4", "out.mkv", "out.mov"}) {
    copy(in, at(out));
    EXPECT_EQ(packets(in, "a:0"), packets(at(out), "a:0")) << out;
    EXPECT_NEAR(offset(in), offset(at(out)), 0.001) << out;
    expect_same_times(in, at(out), 0.001);
    EXPECT_TRUE(writer_warnings_.empty());
  }
}

TEST_F(VideoWriterTest, CopiesSubtitlesChaptersAndTags) {
  std::ofstream(at("s.srt")) << "1\n00:00:00,100 --> 00:00:00,600\nHello\n";
  std::ofstream(at("m.txt"))
      << ";FFMETADATA1\ntitle=A title\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\n"
         "END=400\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\n"
         "title=Two\n";
  const std::string in =
      make("in.mkv", std::string(kTestPicture) + "-f lavfi -i sine -i " + at("s.srt") + " -i " +
                         at("m.txt") +
                         " -map 0 -map 1 -map 2 -map_metadata 3 -c:a flac -c:s srt -t 1 "
                         "-metadata:s:a:0 language=fra");
  copy(in, at("out.mkv"));
  EXPECT_EQ(packets(in, "s:0"), packets(at("out.mkv"), "s:0"));
  EXPECT_EQ(probe(in, "chapter=start_time,end_time:chapter_tags=title"),
            probe(at("out.mkv"), "chapter=start_time,end_time:chapter_tags=title"));
  EXPECT_EQ(probe(at("out.mkv"), "format_tags=title"), "A title\n");
  EXPECT_EQ(probe(at("out.mkv"), "stream_tags=language", "-select_streams a"), "fra\n");

  copy(in, at("out.mp4"));
  ASSERT_EQ(writer_warnings_.size(), 1u);
  EXPECT_NE(writer_warnings_[0].find("subtitle"), std::string::npos);
  EXPECT_NE(writer_warnings_[0].find(".mkv"), std::string::npos);
  EXPECT_EQ(packets(in, "a:0"), packets(at("out.mp4"), "a:0"));
}

TEST_F(VideoWriterTest, WritesAPartOfTheSource) {
  const std::string in =
      make("in.mkv", std::string(kTestPicture) + "-f lavfi -i sine -c:v ffv1 -c:a flac -t 2");
  WriterOptions options;
  options.range = PtsRange{400, 1000};
  copy(in, at("out.mkv"), options);
  EXPECT_EQ(count_frames(at("out.mkv")), 15);
  EXPECT_NEAR(times(at("out.mkv")).front(), 0, 1e-6);
  EXPECT_NEAR(std::stod(probe(at("out.mkv"), "format=duration")), 0.6, 0.12);
}

TEST_F(VideoWriterTest, ChoosesCodecsByContainerAndDepth) {
  const std::string in = make("in.mkv", std::string(kTestPicture) + "-c:v ffv1 -frames:v 3");
  const std::string deep =
      make("deep.mkv", std::string(kTestPicture) + "-pix_fmt yuv420p10 -c:v ffv1 -frames:v 3");
  copy(in, at("a.mp4"));
  copy(in, at("a.webm"));
  copy(deep, at("b.mkv"));
  WriterOptions options;
  options.codec = "hevc10";
  copy(in, at("c.mov"), options);
  EXPECT_EQ(probe(at("a.mp4"), "stream=codec_name,pix_fmt"), "h264,yuv420p\n");
  EXPECT_EQ(probe(at("a.webm"), "stream=codec_name,pix_fmt"), "vp9,yuv420p\n");
  EXPECT_EQ(probe(at("b.mkv"), "stream=codec_name,pix_fmt"), "hevc,yuv420p10le\n");
  EXPECT_EQ(probe(at("c.mov"), "stream=codec_name,pix_fmt"), "hevc,yuv420p10le\n");
}

TEST_F(VideoWriterTest, RefusesToOverwriteAndToWriteOntoTheInput) {
  const std::string in = make("in.mkv", std::string(kTestPicture) + "-c:v ffv1 -frames:v 3");
  std::filesystem::create_hard_link(in, at("same.mkv"));
  std::ofstream(at("there.mp4")) << "precious";
  WriterOptions options;
  const auto code = [&](const std::string& out) {
    try {
      copy(in, out, options);
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::done;
  };
  EXPECT_EQ(code(at("there.mp4")), ExitCode::usage);
  EXPECT_EQ(code(at("a.avi")), ExitCode::usage);
  options.codec = "ffv1";
  EXPECT_EQ(code(at("a.mp4")), ExitCode::usage);
  options.codec = "";
  EXPECT_EQ(code(at("missing/a.mp4")), ExitCode::usage);
  options.overwrite = true;
  EXPECT_EQ(code(at("same.mkv")), ExitCode::usage);
  EXPECT_EQ(code(in), ExitCode::usage);
  EXPECT_EQ(std::filesystem::file_size(at("there.mp4")), 8u);
  EXPECT_EQ(code(at("there.mp4")), ExitCode::done);
  EXPECT_EQ(count_frames(at("there.mp4")), 3);
}

TEST_F(VideoWriterTest, LeavesNothingWhenNotFinished) {
  const std::string in = make("in.mkv", std::string(kTestPicture) + "-c:v ffv1 -frames:v 3");
  for (const std::string& out : {at("out.mp4"), at("out")}) {
    auto reader = VideoReader::open(in);
    auto writer = VideoWriter::create(out, {}, reader->info(), 64, 48);
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    writer->write(frame);
    EXPECT_TRUE(std::filesystem::exists(out + ".part"));
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_THROW(writer->write(Frame{}), Error);
    writer.reset();
    EXPECT_FALSE(std::filesystem::exists(out + ".part"));
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

TEST_F(VideoWriterTest, KeepsSampleAspect) {
  const std::string in =
      make("in.mp4", std::string(kTestPicture) + "-vf setsar=16/11 -c:v libx264 -frames:v 3");
  copy(in, at("out.mp4"), {}, 4);
  EXPECT_EQ(probe(at("out.mp4"), "stream=width,height,sample_aspect_ratio"), "256,192,16:11\n");
}

TEST_F(VideoWriterTest, SharedOddFilesKeepTimesSoundAndSize) {
  const std::string folder = shared("lq/odd");
  OASIS_NEEDS_SHARED(folder);
  for (const std::string name :
       {"audio_aac_stereo.mp4", "audio_opus.mkv", "video_starts_late.mp4", "vfr_60_to_15.mp4"}) {
    const std::string in = folder + "/" + name, out = at(name);
    copy(in, out);
    const bool matroska = name.find(".mkv") != std::string::npos;
    expect_same_times(in, out, matroska ? 0.001 : 1e-6);
    if (name.find("vfr") != std::string::npos) continue;
    EXPECT_EQ(packets(in, "a:0"), packets(out, "a:0")) << name;
    EXPECT_NEAR(offset(in), offset(out), 0.001) << name;
  }
}

TEST_F(VideoWriterTest, SharedFurtherStreamsAreCopied) {
  const std::string folder = shared("lq/odd");
  OASIS_NEEDS_SHARED(folder);
  const std::string in = folder + "/streams_2v_2a_2s.mp4";
  WriterOptions options;
  options.range = PtsRange{0, 12800};
  copy(in, at("out.mp4"), options);
  EXPECT_EQ(probe(at("out.mp4"), "stream=codec_type,width"),
            "video,320\naudio\nsubtitle,N/A\nvideo,480\naudio\nsubtitle,N/A\n");
}

}  // namespace
}  // namespace oasis::media
